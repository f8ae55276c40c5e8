/** How findings about a process call it, and what they say when nobody named one. */

import { grouped } from './counter-moves.ts'
import { type Unknown, unknown } from './fact.ts'
import type { ProcessFacts } from './facts-process.ts'

/** "node (pid 4321)". */
export function labelOfProcess({ name, pid }: Pick<ProcessFacts, 'name' | 'pid'>): string {
  return `${name} (pid ${pid})`
}

/** A resource limit: "1,048,576", or "unlimited" for Infinity. */
export function limitText(limit: number): string {
  return limit === Number.POSITIVE_INFINITY ? 'unlimited' : grouped(limit)
}

export const noProcessNamed: Unknown = unknown(
  'no process was named: give --pid PID, or --port of a port it listens on',
  '/proc/PID',
)
