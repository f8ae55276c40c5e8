/**
 * Sets of CPUs as the kernel writes them: lists "0-3,8" and hexadecimal masks "ff,00000003" with a
 * comma every 32 bits.
 */
import { parseDecimal } from './numbers.ts'

/** Larger than any machine; a range beyond it is a damaged file, not a set to expand. */
const CPU_MAX = 8_192

export function parseCpuList(text: string): number[] | null {
  const cpus: number[] = []
  for (const part of text.trim().split(',')) {
    if (part === '') continue
    const [first = '', last = first] = part.split('-')
    const from = parseDecimal(first)
    const to = parseDecimal(last)
    if (from === null || to === null || from < 0 || to < from || to > CPU_MAX) return null
    for (let cpu = from; cpu <= to; cpu += 1) cpus.push(cpu)
  }
  return cpus
}

export function parseCpuMask(text: string): number[] | null {
  const digits = text.trim().replaceAll(',', '')
  if (!/^[0-9a-f]{1,2048}$/i.test(digits)) return null
  const cpus: number[] = []
  for (let position = 0; position < digits.length; position += 1) {
    const nibble = Number.parseInt(digits[digits.length - 1 - position] ?? '0', 16)
    for (let bit = 0; bit < 4; bit += 1) if (nibble & (1 << bit)) cpus.push(position * 4 + bit)
  }
  return cpus
}

/** [0, 1, 33] → "2,00000003". */
export function formatCpuMask(cpus: readonly number[]): string {
  const groupCount = Math.floor(Math.max(0, ...cpus) / 32) + 1
  const groups = new Array<number>(groupCount).fill(0)
  for (const cpu of cpus) {
    const group = Math.floor(cpu / 32)
    groups[group] = ((groups[group] ?? 0) | (1 << (cpu % 32))) >>> 0
  }
  return groups
    .reverse()
    .map((group, index) => (index === 0 ? group.toString(16) : group.toString(16).padStart(8, '0')))
    .join(',')
}
