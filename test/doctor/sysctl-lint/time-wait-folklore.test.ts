import { describe, expect, it } from 'vitest'
import {
  defaultTimeWaitBuckets,
  timeWaitFolklore,
} from '../../../src/doctor/sysctl-lint/time-wait-folklore.ts'
import { hitNames, type LintedHost, lintedFacts, lintHits } from './lint-builder.ts'

const names = (options: LintedHost) => hitNames(lintHits(timeWaitFolklore, options))

describe('folklore about TIME_WAIT', () => {
  it('1: tcp_tw_recycle in any file, whatever its value', () => {
    const key = 'net.ipv4.tcp_tw_recycle'
    expect(names({ files: `${key} = 1`, missing: [key] })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 0`, missing: [key] })).toEqual([`${key} warn`])
    expect(names({ live: { [key]: 1 } })).toEqual([`${key} info`])
    expect(names({ live: { [key]: 0 } })).toEqual([])
  })

  it('2: timestamps switched off', () => {
    const key = 'net.ipv4.tcp_timestamps'
    expect(names({ files: `${key} = 0` })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 1` })).toEqual([])
  })

  it('3: tcp_max_tw_buckets below half of the hash', () => {
    const key = 'net.ipv4.tcp_max_tw_buckets'
    const live = { 'net.ipv4.tcp_ehash_entries': 262_144 }
    expect(names({ files: `${key} = 20000`, live })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 131071`, live })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 131072`, live })).toEqual([])
  })

  it('3: estimates the default from memory, one power of two low, where the hash is not known', () => {
    expect(defaultTimeWaitBuckets(lintedFacts())).toBe(65_536)
    const key = 'net.ipv4.tcp_max_tw_buckets'
    expect(names({ files: `${key} = 20000` })).toEqual([`${key} warn`])
  })

  it('4: tcp_fin_timeout lowered, as information', () => {
    const key = 'net.ipv4.tcp_fin_timeout'
    expect(names({ files: `${key} = 15` })).toEqual([`${key} info`])
    expect(names({ files: `${key} = 60` })).toEqual([])
  })
})
