import { describe, expect, it } from 'vitest'
import { known } from '../../../src/doctor/fact.ts'
import { bufferFolklore } from '../../../src/doctor/sysctl-lint/buffer-folklore.ts'
import { GIB, hitNames, type LintedHost, lintHits } from './lint-builder.ts'

const names = (options: LintedHost) => hitNames(lintHits(bufferFolklore, options))
const TCP_MEM = 'net.ipv4.tcp_mem'

describe('folklore about buffers', () => {
  it.each([
    '16777216 16777216 16777216',
    '134217728 134217728 134217728',
    '378150000 504200000 756300000',
    '10000000 10000000 10000000',
  ])('5: tcp_mem of %s, bytes taken for pages', (value) => {
    const [hit] = lintHits(bufferFolklore, { files: `${TCP_MEM} = ${value}` })
    expect(hit).toMatchObject({ subject: TCP_MEM, status: 'warn' })
    expect(hit?.observed).toContain('more than the host has')
  })

  it('5: tcp_mem over half of memory, or flat, and not the default', () => {
    const half = (12 * GIB) / 4_096
    expect(names({ files: `${TCP_MEM} = 1000 2000 ${half}` })).toEqual([])
    expect(names({ files: `${TCP_MEM} = 1000 2000 ${half + 1}` })).toEqual([`${TCP_MEM} warn`])
    expect(names({ files: `${TCP_MEM} = 90000 90000 90000` })).toEqual([`${TCP_MEM} warn`])
    expect(names({ live: { [TCP_MEM]: '287898 383867 575796' } })).toEqual([])
  })

  it('5: finds it in force too, and judges size only where memory is known', () => {
    const live = { [TCP_MEM]: '1000 2000 16777216' }
    expect(names({ live })).toEqual([`${TCP_MEM} warn`])
    const meminfo = known({ SwapTotal: 0 }, '/proc/meminfo')
    expect(names({ live, sample: { meminfo } })).toEqual([])
  })

  it('6: first buffers starved, in either key', () => {
    const receive = 'net.ipv4.tcp_rmem'
    const send = 'net.ipv4.tcp_wmem'
    const text = `${receive} = 1024 4096 16384\n${send} = 4096 16383 4194304`
    expect(names({ files: text })).toEqual([`${receive} warn`, `${send} warn`])
    expect(names({ files: `${receive} = 4096 87380 6291456` })).toEqual([])
    expect(names({ files: `${send} = 4096 16384 65536` })).toEqual([])
  })

  it('19: defaults that TCP does not use, when a file sets them', () => {
    const keys = ['net.core.rmem_default', 'net.core.wmem_default']
    for (const key of keys) {
      expect(names({ files: `${key} = 262144000` })).toEqual([`${key} info`])
      expect(names({ live: { [key]: 212_992 } })).toEqual([])
    }
  })
})
