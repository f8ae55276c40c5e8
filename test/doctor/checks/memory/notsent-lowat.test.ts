import { describe, expect, it } from 'vitest'
import { memoryNotsentLowat } from '../../../../src/doctor/checks/memory/notsent-lowat.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import { parseSsSockets } from '../../../../src/doctor/parsers/ss-sockets.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const OFF = 4_294_967_295

const withQueues = (value: number, queues: readonly number[]) => {
  const text = queues
    .map((queue, index) => `0 ${queue} 10.0.0.1:8080 10.0.1.1:${40_000 + index}`)
    .join('\n')
  return factsWith({
    sysctls: { 'net.ipv4.tcp_notsent_lowat': value },
    rest: {
      sockets: {
        timeWait: unknown('not part of this test', 'ss'),
        establishedSample: known(parseSsSockets(text, 'ESTAB').rows, 'ss -Htnoim'),
      },
    },
  })
}

describe('memory/notsent-lowat', () => {
  it('is ok with any mark set, whatever waits', () => {
    expect(findingOfCheck(memoryNotsentLowat, withQueues(131_072, [9_000_000])).status).toBe('ok')
  })

  it('is ok without a mark while clients keep up, or without clients', () => {
    expect(findingOfCheck(memoryNotsentLowat, withQueues(OFF, [0, 0, 500])).status).toBe('ok')
    expect(findingOfCheck(memoryNotsentLowat, withQueues(OFF, [])).status).toBe('ok')
  })

  it('informs from 16 KiB a connection on, and leaves the decision to the program', () => {
    expect(findingOfCheck(memoryNotsentLowat, withQueues(OFF, [32_767, 0])).status).toBe('ok')
    const finding = findingOfCheck(memoryNotsentLowat, withQueues(OFF, [32_768, 0]))
    expect(finding.status).toBe('info')
    expect(finding.fix_for_good).toContain('if the program waits for drain events')
    expect(finding.settings).toEqual([])
  })

  it('is unknown without the key, or without a sample of connections', () => {
    expect(findingOfCheck(memoryNotsentLowat, factsWith()).status).toBe('unknown')
    const blind = factsWith({ sysctls: { 'net.ipv4.tcp_notsent_lowat': OFF } })
    expect(findingOfCheck(memoryNotsentLowat, blind).status).toBe('unknown')
  })
})
