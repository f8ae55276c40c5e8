/**
 * Processes by the control group that limits them: workers of one service share a group, and its
 * memory, CPU time and number of threads must be judged once.
 */
import type { Fact } from './fact.ts'
import type { Facts } from './facts.ts'
import type { ProcessFacts } from './facts-process.ts'
import { labelOfProcess } from './process-label.ts'

export interface ControlGroup {
  /** The processes that were named, at least one; the group may hold others. */
  readonly members: readonly ProcessFacts[]
  /** Any of them stands for the group: its limits are read with each. */
  readonly first: ProcessFacts
  /** "node (pid 4321) and 3 more". */
  readonly label: string
  /** Path of the group, where it is known. */
  readonly path: string | null
}

export type Controller = 'memory' | 'cpu' | 'pids'

export function controlGroups(
  processes: readonly ProcessFacts[],
  controller: Controller,
): ControlGroup[] {
  const groups = new Map<string, ProcessFacts[]>()
  for (const process of processes) {
    const path = groupPath(process, controller)
    const key = path ?? `pid ${process.pid}`
    groups.set(key, [...(groups.get(key) ?? []), process])
  }
  return [...groups.values()].map((members) => {
    const first = members[0]!
    const more = members.length > 1 ? ` and ${members.length - 1} more` : ''
    return {
      members,
      first,
      label: `${labelOfProcess(first)}${more}`,
      path: groupPath(first, controller),
    }
  })
}

/**
 * True where the limit's file is missing because the group is the root of the hierarchy, which
 * cannot be limited. That another file of the hierarchy was read is the proof that it is mounted.
 */
export function isUnlimitedRoot(
  facts: Facts,
  { path, first }: ControlGroup,
  limit: Fact<unknown>,
): boolean {
  const sample = facts.after.processes[first.pid]
  const isMounted = sample?.cgroupCpuStat.known || sample?.cgroupMemoryStat.known
  return (
    path === '/' && !limit.known && limit.reason === 'does not exist here' && isMounted === true
  )
}

function groupPath({ cgroupPaths }: ProcessFacts, controller: Controller): string | null {
  if (!cgroupPaths.known) return null
  return cgroupPaths.value.byController[controller] ?? cgroupPaths.value.unified
}
