/**
 * /proc/net/stat/nf_conntrack and arp_cache: a header of names, then one hexadecimal row per CPU.
 * Rows are summed by name, except `entries`, which repeats the total on every row.
 */
import type { NameValues } from './name-values.ts'
import { lines, parseHex, words } from './numbers.ts'

export function parseColumnTable(text: string): NameValues | null {
  const [header, ...rows] = lines(text)
  const names = words(header ?? '')
  if (names.length === 0 || rows.length === 0 || names.some((name) => parseHex(name) === 0)) {
    return null
  }
  const sums: Record<string, number> = Object.create(null)
  for (const row of rows) {
    const values = words(row).map(parseHex)
    if (values.some((value) => value === null)) return null
    for (const [column, name] of names.entries()) {
      const value = values[column]
      if (value === undefined || value === null) continue
      sums[name] = name === 'entries' ? value : (sums[name] ?? 0) + value
    }
  }
  return sums
}
