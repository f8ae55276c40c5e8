/** `tc -s qdisc show`: queueing disciplines with their drop counters. */
import { lines } from './numbers.ts'

export interface QdiscRow {
  readonly kind: string
  readonly device: string
  readonly root: boolean
  readonly dropped: number
  readonly overlimits: number
  readonly requeues: number
}

export function parseTcQdisc(text: string): QdiscRow[] {
  const rows: QdiscRow[] = []
  let open: { kind: string; device: string; root: boolean } | null = null
  for (const line of lines(text)) {
    const head = /^qdisc (\S+) \S+ (?:dev (\S+) )?(.*)$/.exec(line)
    if (head !== null) {
      const root = /^root\b/.test(head[3] ?? '')
      open = { kind: head[1] ?? '', device: head[2] ?? '', root }
      continue
    }
    const sent = /\(dropped (\d+), overlimits (\d+) requeues (\d+)\)/.exec(line)
    if (sent === null || open === null) continue
    const [dropped = 0, overlimits = 0, requeues = 0] = sent.slice(1).map(Number)
    rows.push({ ...open, dropped, overlimits, requeues })
    open = null
  }
  return rows
}
