/**
 * Generators in one network have its ports together: each plans with its part of the range, and
 * with as large a part of what others hold of it, so that what all of them plan fits. The kernel
 * gives each connection a port that is free on its route, so none takes another's.
 */
import type { HostLimits } from './host-limits.ts'
import type { TimeWaitFacts, TimeWaitRoutes } from './time-wait.ts'

/** @param ports both ends included; null: all of them */
export function limitsOfPart(
  limits: HostLimits,
  ports: readonly [first: number, last: number] | null,
): HostLimits {
  if (ports === null) return limits
  const [portFirst, portLast] = ports
  const share = (portLast - portFirst + 1) / (limits.portLast - limits.portFirst + 1)
  const partOf = (held: number): number => Math.ceil(held * share)
  return {
    ...limits,
    portFirst,
    portLast,
    portsReserved: partOf(limits.portsReserved),
    timeWait: shareOfTimeWait(limits.timeWait, partOf),
  }
}

function shareOfTimeWait(
  { total, reuse, routes }: TimeWaitFacts,
  partOf: (held: number) => number,
): TimeWaitFacts {
  return { total: partOf(total), reuse, routes: routes === null ? null : shareOf(routes, partOf) }
}

function shareOf(routes: TimeWaitRoutes, partOf: (held: number) => number): TimeWaitRoutes {
  const parts = [...routes].map(([source, counts]) => {
    const own = [...counts].map(([route, held]) => [route, partOf(held)] as const)
    return [source, new Map(own)] as const
  })
  return new Map(parts)
}
