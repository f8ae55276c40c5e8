/** How findings about a process call it, and what they say when nobody named one. */
import { type Unknown, unknown } from './fact.ts'
import type { ProcessFacts } from './facts-process.ts'

/** "node (pid 4321)". */
export function processLabel({ name, pid }: Pick<ProcessFacts, 'name' | 'pid'>): string {
  return `${name} (pid ${pid})`
}

export const noProcessNamed: Unknown = unknown(
  'no process was named: give --pid PID, or --port of a port it listens on',
  '/proc/PID',
)
