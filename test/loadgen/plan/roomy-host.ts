/**
 * A host of 24 GiB whose processes may open 20,000 descriptors; tests change one limit at a time.
 */
import type { HostLimits } from '../../../src/loadgen/plan/host-limits.ts'
import { parseTarget, type ResolvedTarget } from '../../../src/loadgen/target/target-address.ts'
import type { BenchSettings } from '../../../src/loadgen/workload.ts'
import type { HostCapacity } from '../../../src/stats/capacity/host-capacity.ts'

const GIB = 1024 ** 3

export const ROOMY: HostLimits = {
  cores: 8,
  descriptorsPerProcess: 20_000,
  portFirst: 32_768,
  portLast: 60_999,
  portsReserved: 0,
  timeWait: { total: 0, reuse: 'loopback', routes: null },
  capacity: {
    memoryAvailableBytes: 24 * GIB,
    memorySource: 'MemAvailable',
    filesMax: 2_466_170,
    filesOpen: 4_913,
    isPrivileged: false,
    epollWatchesMax: 5_491_511,
    tasks: 200,
    tasksMax: 32_768,
    tasksPerUser: 96_365,
    acceptQueueMax: 4_096,
    socketMemory: { acceptedBytes: 4_128, dialledBytes: 4_384, basis: 'slabinfo' },
  },
}

export function hostWith(capacity: Partial<HostCapacity>, limits: Partial<HostLimits> = {}) {
  return { ...ROOMY, ...limits, capacity: { ...ROOMY.capacity, ...capacity } }
}

export const SETTINGS: BenchSettings = {
  targets: [],
  mode: 'broadcast',
  connections: 1_000,
  connectsPerSecond: 5_000,
  messagesPerSecond: 1,
  unicastCount: null,
  broadcastCount: null,
  heartbeatSeconds: 0,
  churnPerMille: 1,
  lifetime: 'exponential',
  messageBytes: 256,
  qos: 0,
  arrivals: 'constant',
  warmupMs: 1_000,
  durationMs: 10_000,
  publishUrl: null,
  adminToken: null,
  workers: null,
  processes: null,
  sourceAddresses: null,
  engine: 'auto',
  seed: 1,
}

export function targetsAt(...urls: string[]): ResolvedTarget[] {
  return urls.map((url) => ({ ...parseTarget(url), address: parseTarget(url).host }))
}
