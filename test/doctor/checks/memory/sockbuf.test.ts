import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySockbuf } from '../../../../src/doctor/checks/memory/sockbuf.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const withBuffers = (
  receive = '4096 131072 33554432',
  send = '4096 16384 4194304',
  moderate: number = 1,
) =>
  factsWith({
    sysctls: {
      'net.ipv4.tcp_rmem': receive,
      'net.ipv4.tcp_wmem': send,
      'net.ipv4.tcp_moderate_rcvbuf': moderate,
    },
  })

describe('memory/sockbuf', () => {
  it('leaves the defaults of every kernel alone', () => {
    for (const receive of ['4096 131072 6291456', '4096 87380 6291456', '4096 131072 33554432']) {
      const finding = findingOfCheck(memorySockbuf, withBuffers(receive))
      expect(finding).toMatchObject({ status: 'ok', settings: [] })
    }
  })

  it('restores the first windows that a benchmark recipe took away', () => {
    const recipe = withBuffers('1024 4096 16384', '1024 4096 16384')
    const finding = findingOfCheck(memorySockbuf, recipe)
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toBe('sysctl -w net.ipv4.tcp_rmem="4096 131072 6291456"')
  })

  it.each([
    ['4096 16383 6291456', 'warn'],
    ['4096 16384 6291456', 'ok'],
    ['4095 131072 6291456', 'warn'],
    ['4096 1048576 6291456', 'ok'],
    ['4096 1048577 6291456', 'info'],
    ['4096 131072 131071', 'critical'],
    ['4096 131072 131072', 'ok'],
  ])('finds tcp_rmem of %s %s', (receive, status) => {
    expect(findingOfCheck(memorySockbuf, withBuffers(receive)).status).toBe(status)
  })

  it('lowers nothing where the first buffer is only large', () => {
    expect(findingOfCheck(memorySockbuf, withBuffers('4096 8388608 16777216')).settings).toEqual([])
  })

  it('warns of a send buffer under 4,096 and of receive buffers that do not grow', () => {
    const small = findingOfCheck(memorySockbuf, withBuffers(undefined, '4096 4095 65536'))
    expect(small.status).toBe('warn')
    expect(small.fix_now).toBe('sysctl -w net.ipv4.tcp_wmem="4096 16384 65536"')
    const fixed = findingOfCheck(memorySockbuf, withBuffers(undefined, undefined, 0))
    expect(fixed.status).toBe('warn')
    expect(fixed.fix_now).toBe('sysctl -w net.ipv4.tcp_moderate_rcvbuf=1')
  })

  it('accepts a bounded worst case of a push server', () => {
    expect(findingOfCheck(memorySockbuf, withBuffers(undefined, '4096 16384 65536')).status).toBe(
      'ok',
    )
  })

  it('never proposes less than there is, and repairs whatever it names', () => {
    const bytes = fc.integer({ min: 1, max: 64 * 2 ** 20 })
    fc.assert(
      fc.property(fc.tuple(bytes, bytes, bytes), (receive) => {
        const finding = findingOfCheck(memorySockbuf, withBuffers(receive.join(' ')))
        const [setting] = finding.settings
        if (setting?.kind !== 'sysctl') {
          expect(['ok', 'info']).toContain(finding.status)
          return
        }
        const proposed = setting.value.split(' ').map(Number)
        for (const [index, value] of receive.entries()) {
          expect(proposed[index]).toBeGreaterThanOrEqual(value)
        }
        const after = findingOfCheck(memorySockbuf, withBuffers(setting.value))
        expect(['ok', 'info']).toContain(after.status)
      }),
    )
  })

  it('is unknown where any of the three cannot be read', () => {
    const keys = ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem', 'net.ipv4.tcp_moderate_rcvbuf']
    for (const key of keys) {
      const facts = withBuffers()
      const rest = Object.entries(facts.sysctls).filter(([name]) => name !== key)
      const partial = { ...facts, sysctls: Object.fromEntries(rest) }
      expect(findingOfCheck(memorySockbuf, partial).status).toBe('unknown')
    }
  })
})
