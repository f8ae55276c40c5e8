import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeTcpMemVector, tcpMemText } from '../../src/doctor/tcp-mem-vector.ts'

const GIB = 2 ** 30

describe('the vector of tcp_mem', () => {
  it('is 1,033,594 1,378,125 2,067,188 for a broadcast of 1,102,500 pages', () => {
    expect(tcpMemText(Math.ceil(1.25 * 1_102_500))).toBe('1033594 1378125 2067188')
  })

  it('is left alone where pressure begins 25 % above the need, and not one page earlier', () => {
    expect(judgeTcpMemVector([75_000, 100_000, 150_000], 80_000, 24 * GIB).status).toBe('ok')
    const short = judgeTcpMemVector([75_000, 100_000, 150_000], 80_001, 24 * GIB)
    expect(short.status).toBe('warn')
    expect(short.settings).toMatchObject([{ mode: 'raise', value: '75002 100002 150003' }])
  })

  it('is critical where the need passes the third number', () => {
    expect(judgeTcpMemVector([75_000, 100_000, 150_000], 150_000, 24 * GIB).status).toBe('warn')
    expect(judgeTcpMemVector([75_000, 100_000, 150_000], 150_001, 24 * GIB).status).toBe('critical')
  })

  it('is critical without any setting where the need does not fit into half of memory', () => {
    const verdict = judgeTcpMemVector([4_000, 6_000, 9_000], 1_102_500, 8 * GIB)
    expect(verdict).toMatchObject({
      status: 'critical',
      fixForGood: expect.stringContaining('too small'),
    })
    expect(verdict.settings).toBeUndefined()
  })

  it('warns of a limit over half of memory, as bytes taken for pages make it', () => {
    const bytes = [16_777_216, 16_777_216, 16_777_216]
    const verdict = judgeTcpMemVector(bytes, 10_000, 24 * GIB)
    expect(verdict.status).toBe('warn')
    expect(verdict.observed).toContain('68.7 GB')
    expect(verdict.settings).toMatchObject([{ mode: 'set', value: '294912 393216 589824' }])
  })

  it('does not judge by memory where memory is not known', () => {
    expect(judgeTcpMemVector([1, 16_777_216, 16_777_216], 10_000, null).status).toBe('ok')
  })

  it('proposes, at any need, a vector that satisfies itself', () => {
    const pages = fc.integer({ min: 1, max: 100_000_000 })
    fc.assert(
      fc.property(pages, pages, pages, pages, (a, b, c, need) => {
        const present = [a, b, c].sort((x, y) => x - y)
        const memory = 2 ** 44
        const [setting] = judgeTcpMemVector(present, need, memory).settings ?? []
        if (setting?.kind !== 'sysctl') return
        const proposed = setting.value.split(' ').map(Number)
        expect(judgeTcpMemVector(proposed, need, memory).status).toBe('ok')
        const [low = 0, pressure = 0, max = 0] = proposed
        expect(low <= pressure && pressure < max).toBe(true)
      }),
    )
  })
})
