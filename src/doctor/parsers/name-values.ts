/**
 * Flat "name value" lines, with or without colon and unit: meminfo (in bytes), vmstat, memory.stat,
 * cpu.stat, memory.events.
 */
import { lines, parseDecimal, words } from './numbers.ts'

export type NameValues = Readonly<Record<string, number>>

export function parseNameValues(text: string): NameValues | null {
  const values: Record<string, number> = Object.create(null)
  for (const line of lines(text)) {
    const [name = '', number = '', unit] = words(line)
    const value = parseDecimal(number)
    if (value === null) continue
    values[name.replace(/:$/, '')] = unit === 'kB' ? value * 1024 : value
  }
  return Object.keys(values).length > 0 ? values : null
}
