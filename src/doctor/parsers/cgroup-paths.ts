/**
 * /proc/PID/cgroup. "0::/path" is version 2, "4:memory:/path" version 1; a hybrid host shows both.
 */
import { lines } from './numbers.ts'

export interface CgroupPaths {
  /** Path in the unified hierarchy, or null. */
  readonly unified: string | null
  /** "memory" → path, for controllers on version 1. */
  readonly byController: Readonly<Record<string, string>>
}

export function parseCgroupPaths(text: string): CgroupPaths | null {
  const byController: Record<string, string> = Object.create(null)
  let unified: string | null = null
  for (const line of lines(text)) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (match === null) return null
    const [, controllers = '', path = '/'] = match
    if (controllers === '') unified = path
    for (const controller of controllers.split(',')) {
      if (controller !== '') byController[controller] = path
    }
  }
  return unified === null && Object.keys(byController).length === 0
    ? null
    : { unified, byController }
}
