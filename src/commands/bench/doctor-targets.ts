/** From the plan of a run to what doctor judges its hosts by. */
import { DEFAULT_TARGET, type Role, type Target } from '../../doctor/target.ts'
import type { RunPlan } from '../../loadgen/plan/run-plan.ts'
import { isLoopback } from '../../loadgen/target/target-address.ts'

export interface DoctorTargets {
  /** The generator's host, which may be the target's too. */
  readonly here: Target
  readonly there: Target
}

export function doctorTargets(plan: RunPlan): DoctorTargets {
  const { connections, schedule, targets, ports, shards } = plan
  const isTargetHere = targets.length === 0 || targets.some(({ address }) => isLoopback(address))
  const common = {
    ...DEFAULT_TARGET,
    connections,
    connectsPerSecond: schedule.connectsPerSecond,
    messagesPerSecond: schedule.messagesPerSecond,
    messageBytes: schedule.messageBytes,
    destinations: Math.max(1, targets.length),
    sourceAddresses: Math.max(1, ports.sources.length),
    workers: shards.kind === 'process' ? shards.count : 1,
  }
  const as = (role: Role): Target => ({
    ...common,
    role,
    bindMode: ports.sources.length > 0 ? 'address' : 'route',
  })
  return { here: as(isTargetHere ? 'both' : 'loadgen'), there: as('server') }
}
