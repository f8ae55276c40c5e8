/**
 * What the files of sysctl.d say, by key, in the order in which they are applied: the last one wins
 * at boot. A line that sets several keys by a pattern (net.ipv4.conf.*.rp_filter) belongs to none
 * of them.
 */
import type { Facts } from '../facts.ts'

export interface PlacedAssignment {
  readonly key: string
  readonly value: string
  readonly path: string
  readonly line: number
  /** Written "-key = value": absence is no error. */
  readonly ignoreMissing: boolean
}

export type AssignmentTable = ReadonlyMap<string, readonly PlacedAssignment[]>

export function assignmentTable(facts: Facts): AssignmentTable {
  const table = new Map<string, PlacedAssignment[]>()
  if (!facts.sysctlFiles.known) return table
  for (const { path, assignments } of facts.sysctlFiles.value) {
    for (const { key, value, line, ignoreMissing } of assignments) {
      if (/[*?[\]]/.test(key)) continue
      const placed = { key, value, path, line, ignoreMissing }
      const earlier = table.get(key)
      if (earlier === undefined) table.set(key, [placed])
      else earlier.push(placed)
    }
  }
  return table
}

/** "/etc/sysctl.d/99-tuning.conf line 3". */
export function placeOf({ path, line }: PlacedAssignment): string {
  return `${path} line ${line}`
}
