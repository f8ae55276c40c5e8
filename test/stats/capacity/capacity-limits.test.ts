import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CapacityDemand,
  capacityFindings,
} from '../../../src/stats/capacity/capacity-limits.ts'
import { capacityFrom, type HostCapacity } from '../../../src/stats/capacity/host-capacity.ts'

const ROOMY: HostCapacity = {
  ...capacityFrom(() => ''),
  memoryAvailableBytes: 1e12,
  filesMax: 10_000_000,
  filesOpen: 5_000,
  epollWatchesMax: 10_000_000,
  tasks: 200,
  tasksMax: 32_768,
}
const DEMAND: CapacityDemand = {
  flag: '--max-connections',
  connections: 100_000,
  socketsPerConnection: 1,
  processes: 6,
  tasks: 72,
  baseBytes: 300_000_000,
  processBytesPerConnection: 500,
  kernelBytesPerConnection: 4_200,
}

describe('limits of a host', () => {
  it('refuse nothing that fits to the last connection, and the next one', () => {
    const exact: HostCapacity = {
      ...ROOMY,
      filesMax: 5_000 + 100_000 + 6 * 32,
      epollWatchesMax: 105_000,
      memoryAvailableBytes: 300_000_000 + 100_000 * 4_700,
      tasksMax: 272,
    }
    const faultsOf = (demand: CapacityDemand) =>
      capacityFindings(demand, exact).map(({ fault }) => fault?.code ?? null)
    expect(faultsOf(DEMAND)).toEqual([null, null, null, null])
    expect(faultsOf({ ...DEMAND, connections: 100_001, tasks: 73 })).toEqual([
      'PUSHCTL_DESCRIPTORS',
      'PUSHCTL_DESCRIPTORS',
      'PUSHCTL_DESCRIPTORS',
      'PUSHCTL_MEMORY',
    ])
  })

  it('refuse nothing for what is unknown', () => {
    const unknown = { ...capacityFrom(() => ''), memoryAvailableBytes: 1e12 }
    const findings = capacityFindings({ ...DEMAND, connections: 4_000_000 }, unknown)
    expect(findings.map(({ fault }) => fault)).toEqual([null, null, null, null])
    expect(findings.map(({ limit }) => limit.have)).toEqual([null, null, null, 1e12])
  })

  it('propose a number of connections that they then accept', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4_000_000 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 6_000, max: 3_000_000 }),
        fc.integer({ min: 1_000, max: 3_000_000 }),
        fc.integer({ min: 400_000_000, max: 20_000_000_000 }),
        (connections, socketsPerConnection, filesMax, epollWatchesMax, memoryAvailableBytes) => {
          const capacity = { ...ROOMY, filesMax, epollWatchesMax, memoryAvailableBytes }
          const demand = { ...DEMAND, connections, socketsPerConnection }
          const fits = Math.min(...capacityFindings(demand, capacity).map((found) => found.fits))
          const faults = (count: number) =>
            capacityFindings({ ...demand, connections: count }, capacity).filter(
              ({ fault }) => fault !== null,
            )
          if (fits >= 1) expect(faults(fits)).toEqual([])
          expect(faults(fits + 1)).not.toEqual([])
        },
      ),
    )
  })
})
