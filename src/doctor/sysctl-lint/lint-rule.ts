/**
 * The shape of a lint: a row says which value of which key is folklore, and why. Values come from
 * files and from the running kernel; where only the kernel has it and another check judges that,
 * the lint is no more than information.
 */
import type { Facts } from '../facts.ts'
import type { Status } from '../finding.ts'
import { parseDecimals } from '../parsers/numbers.ts'
import { sysctlText } from '../sysctl-facts.ts'
import type { Target } from '../target.ts'
import { type AssignmentTable, placeOf } from './assignments.ts'

export interface LintContext {
  readonly facts: Facts
  readonly target: Target
  readonly assignments: AssignmentTable
}

export interface LintHit {
  /** The key, or what else is set wrong. */
  readonly subject: string
  readonly status: Status
  readonly observed: string
  readonly why: string
  readonly fixNow?: string
  readonly fixForGood: string
  readonly evidence: readonly string[]
}

export type LintRule = (context: LintContext) => readonly LintHit[]

export interface FolkloreRow {
  readonly key: string
  readonly status: Exclude<Status, 'ok' | 'unknown' | 'critical'>
  /** `numbers` is empty where the value is not made of numbers. */
  matches(numbers: readonly number[], context: LintContext, value: ChosenValue): boolean
  /** Follows "KEY = VALUE": what is wrong with it, in a clause. */
  readonly fault: string
  /** Two sentences: how the kernel uses the value, and what to do instead. */
  readonly why: string
  /** What to write where the line is deleted; absent: nothing, the default is right. */
  readonly instead?: string
  /** The check that judges the running value. */
  readonly ownedBy?: string
}

export interface ChosenValue {
  readonly text: string
  /** The file and line, or the file of /proc. */
  readonly place: string
  readonly fromFile: boolean
}

/** What the last file sets, then what the kernel has, if that differs. */
export function chosenValues(context: LintContext, key: string): ChosenValue[] {
  const values: ChosenValue[] = []
  const last = context.assignments.get(key)?.at(-1)
  if (last !== undefined) {
    values.push({ text: last.value, place: placeOf(last), fromFile: true })
  }
  const live = sysctlText(context.facts, key)
  if (live.known && live.value !== last?.value) {
    values.push({ text: live.value, place: live.source, fromFile: false })
  }
  return values
}

export function folkloreRule(rows: readonly FolkloreRow[]): LintRule {
  return (context) => rows.flatMap((row) => folkloreHits(row, context))
}

function folkloreHits(row: FolkloreRow, context: LintContext): LintHit[] {
  const value = chosenValues(context, row.key).find((candidate) =>
    row.matches(parseDecimals(candidate.text) ?? [], context, candidate),
  )
  if (value === undefined) return []
  const isOwned = !value.fromFile && row.ownedBy !== undefined
  const instead = row.instead === undefined ? '' : `, or write ${row.instead}`
  return [
    {
      subject: row.key,
      status: isOwned ? 'info' : row.status,
      observed: `${row.key} = ${value.text}: ${row.fault}`,
      why: row.why,
      fixForGood: value.fromFile
        ? `delete the line (${value.place})${instead}`
        : `find what sets ${row.key} at run time${instead}` +
          (isOwned ? `; ${row.ownedBy} judges the value` : ''),
      evidence: [`${value.place}: ${value.text}`],
    },
  ]
}
