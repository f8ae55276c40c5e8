/**
 * /proc/net/netstat and /proc/net/snmp: pairs of lines, names then values, joined by group.
 * Read by name and never by position: the TcpExt list grew from 114 to 135 names between 3.10 and
 * 6.18 and lost nine. Values that are no exact numbers are left out, so that asking for them
 * answers "this kernel has no such counter".
 */
import { lines, parseDecimal, words } from './numbers.ts'

/** "TcpExt.ListenOverflows" → value. */
export type CounterTable = Readonly<Record<string, number>>

export function parseCounterTable(text: string): CounterTable | null {
  const table: Record<string, number> = Object.create(null)
  const rows = lines(text)
  let groups = 0
  for (let index = 0; index + 1 < rows.length; index += 2) {
    const [group, ...names] = words(rows[index] ?? '')
    const [valueGroup, ...values] = words(rows[index + 1] ?? '')
    if (group === undefined || group !== valueGroup || !group.endsWith(':')) return null
    if (names.length !== values.length) return null
    groups += 1
    for (const [column, name] of names.entries()) {
      const value = parseDecimal(values[column] ?? '')
      if (value !== null) table[`${group.slice(0, -1)}.${name}`] = value
    }
  }
  return groups > 0 && rows.length % 2 === 0 ? table : null
}
