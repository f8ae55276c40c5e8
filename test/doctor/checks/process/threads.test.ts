import { describe, expect, it } from 'vitest'
import { processThreads } from '../../../../src/doctor/checks/process/threads.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { parseProcessStatus } from '../../../../src/doctor/parsers/process-status.ts'
import { factsWith, findingOfCheck, processWith } from '../../facts-builder.ts'

const LIMITS = {
  'kernel.threads-max': 200_000,
  'kernel.pid_max': 4_194_304,
  'vm.max_map_count': 65_530,
}

function factsOf(threads: number, established: number, sysctls: object = LIMITS): Facts {
  const status = parseProcessStatus(`Name:\tjava\nThreads:\t${threads}\n`)
  const process = processWith({
    name: 'java',
    status: known(status!, '/proc/4321/status'),
    cgroup: { ...processWith().cgroup, pidsMax: known(100_000, 'pids.max') },
  })
  return factsWith({
    counters: { 'Tcp.CurrEstab': established },
    sysctls: sysctls as Record<string, number>,
    rest: { processes: [process] },
  })
}

describe('process/threads', () => {
  it('is ok for an event loop, whatever the target', () => {
    const target = { connections: 1_000_000 }
    expect(findingOfCheck(processThreads, factsOf(12, 100_000), target).status).toBe('ok')
    expect(findingOfCheck(processThreads, factsOf(1_000, 2_001), target).status).toBe('ok')
  })

  it('is critical for a thread a connection beyond half of the smallest limit', () => {
    // vm.max_map_count: 65,530 mappings are 32,765 stacks, half of them 16,382.5.
    const fits = { connections: 16_382 }
    expect(findingOfCheck(processThreads, factsOf(5_000, 5_000), fits).status).toBe('ok')
    const finding = findingOfCheck(processThreads, factsOf(5_000, 5_000), { connections: 16_383 })
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('room for 32,765 (vm.max_map_count)')
    expect(finding.fix_now).toBe('sysctl -w vm.max_map_count=65532')
  })

  it('raises every limit that is short, and pid_max no further than the kernel takes it', () => {
    const finding = findingOfCheck(processThreads, factsOf(5_000, 5_000), {
      connections: 3_000_000,
    })
    expect(finding.fix_now.split('\n')).toEqual([
      'sysctl -w kernel.threads-max=6000000',
      'sysctl -w kernel.pid_max=4194304',
      'sysctl -w vm.max_map_count=12000000',
    ])
  })

  it('is unknown when a limit or the connections cannot be read', () => {
    expect(findingOfCheck(processThreads, factsOf(5_000, 5_000, {})).status).toBe('unknown')
    const { after, ...rest } = factsOf(5_000, 5_000)
    const noSnmp = { ...rest, after: { ...after, snmp: factsWith().after.snmp } }
    expect(findingOfCheck(processThreads, noSnmp).status).toBe('unknown')
    const blind = factsWith({ rest: { processes: [processWith()] } })
    expect(findingOfCheck(processThreads, blind).status).toBe('unknown')
    expect(findingOfCheck(processThreads, factsWith()).observed).toContain('--pid')
  })
})
