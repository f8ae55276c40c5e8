import { describe, expect, it } from 'vitest'
import { cpuNuma } from '../../../../src/doctor/checks/cpu/numa.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { ProcessFacts } from '../../../../src/doctor/facts-process.ts'
import { parseProcessStatus } from '../../../../src/doctor/parsers/process-status.ts'
import { factsWith, findingOfCheck, processWith } from '../../facts-builder.ts'
import { hostWith, interfacesWith, interfaceWith } from '../../host-builder.ts'

function factsOf(cpusAllowed: string, cardNode: number | null, processes?: ProcessFacts[]): Facts {
  const status = parseProcessStatus(
    `Name:\tnode\nThreads:\t7\nCpus_allowed_list:\t${cpusAllowed}\nMems_allowed_list:\t0-1\n`,
  )
  return factsWith({
    host: hostWith(4, {
      numaNodes: known([0, 1], '/sys/devices/system/node/online'),
      cpusByNode: known({ 0: [0, 1], 1: [2, 3] }, '/sys/devices/system/node'),
    }),
    network: interfacesWith(
      interfaceWith(cardNode === null ? {} : { numaNode: known(cardNode, 'numa_node') }),
    ),
    rest: {
      processes: processes ?? [processWith({ status: known(status!, '/proc/4321/status') })],
    },
  })
}

describe('cpu/numa', () => {
  it('is ok on one node, and where the process is on the node of the card', () => {
    const one = factsWith({ host: { numaNodes: known([0], '/sys/devices/system/node/online') } })
    expect(findingOfCheck(cpuNuma, one).status).toBe('ok')
    expect(findingOfCheck(cpuNuma, factsOf('2-3', 1)).status).toBe('ok')
  })

  it('warns when the process runs on another node, and says which CPUs are near', () => {
    const finding = findingOfCheck(cpuNuma, factsOf('0-1', 1))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toBe('runs on node 0, while eth0 is on node 1')
    expect(finding.fix_now).toContain('taskset -a -p -c 2,3 4321')
  })

  it('informs when the process is not bound', () => {
    expect(findingOfCheck(cpuNuma, factsOf('0-3', 1)).status).toBe('info')
  })

  it('is unknown when card, process or nodes are', () => {
    expect(findingOfCheck(cpuNuma, factsOf('0-1', null)).status).toBe('unknown')
    expect(findingOfCheck(cpuNuma, factsOf('0-1', 1, [])).observed).toContain('--pid')
    expect(findingOfCheck(cpuNuma, factsOf('', 1)).status).toBe('unknown')
    expect(findingOfCheck(cpuNuma, factsOf('0-1', 1, [processWith()])).status).toBe('unknown')
    expect(findingOfCheck(cpuNuma, factsWith()).status).toBe('unknown')
  })
})
