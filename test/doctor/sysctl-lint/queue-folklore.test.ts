import { describe, expect, it } from 'vitest'
import { known } from '../../../src/doctor/fact.ts'
import { parseSsListeners } from '../../../src/doctor/parsers/ss-listeners.ts'
import { queueFolklore } from '../../../src/doctor/sysctl-lint/queue-folklore.ts'
import { hitNames, type LintedHost, lintHits } from './lint-builder.ts'

const names = (options: LintedHost) => hitNames(lintHits(queueFolklore, options))

const listening = (backlog: number, address = '0.0.0.0:8080') => ({
  listeners: known(
    parseSsListeners(`LISTEN 0 ${backlog} ${address} 0.0.0.0:* ino:7`)!,
    'ss -Htlnme',
  ),
})

describe('folklore about queues', () => {
  it('7: tcp_max_syn_backlog raised while a program asks for 511', () => {
    const key = 'net.ipv4.tcp_max_syn_backlog'
    const files = `${key} = 262144`
    const [hit] = lintHits(queueFolklore, { files, sample: listening(511) })
    expect(hit).toMatchObject({ subject: key, status: 'info' })
    expect(hit?.observed).toContain('0.0.0.0:8080 asked for a queue of 511')
    expect(names({ files, sample: listening(16_384) })).toEqual([])
    expect(names({ live: { [key]: 4_096 }, sample: listening(511) })).toEqual([])
    expect(names({ live: { [key]: 4_097 }, sample: listening(511) })).toEqual([`${key} info`])
  })

  it('8: somaxconn raised while a listener has the limit of its start', () => {
    const key = 'net.core.somaxconn'
    const files = `${key} = 16384`
    expect(names({ files, sample: listening(4_096) })).toEqual([`${key} info`])
    expect(names({ files, sample: listening(128) })).toEqual([`${key} info`])
    expect(names({ files, sample: listening(16_384) })).toEqual([])
    expect(names({ live: { [key]: 4_096 }, sample: listening(128) })).toEqual([])
    expect(names({ live: { [key]: 4_097 }, sample: listening(128) })).toEqual([`${key} info`])
  })

  it('7, 8: ask neither for ssh nor for a generator', () => {
    const files = 'net.ipv4.tcp_max_syn_backlog = 262144\nnet.core.somaxconn = 16384'
    expect(names({ files, sample: listening(128, '0.0.0.0:22') })).toEqual([])
    const hits = lintHits(queueFolklore, { files, sample: listening(128) }, { role: 'loadgen' })
    expect(hits).toEqual([])
  })

  it('9: netdev_max_backlog from 100,000 on', () => {
    const key = 'net.core.netdev_max_backlog'
    expect(names({ files: `${key} = 100000` })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 99999` })).toEqual([])
    expect(names({ live: { [key]: 250_000 } })).toEqual([`${key} info`])
  })

  it('13: tcp_abort_on_overflow switched on', () => {
    const key = 'net.ipv4.tcp_abort_on_overflow'
    expect(names({ files: `${key} = 1` })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 0` })).toEqual([])
  })
})
