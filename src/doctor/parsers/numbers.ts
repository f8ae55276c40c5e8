/**
 * Numbers as the kernel prints them. Each function answers null for anything else, above all for
 * numbers that are too large to be exact in JavaScript: an absurd value must become "unknown", not
 * a wrong figure.
 */
export function parseDecimal(text: string): number | null {
  if (!/^-?\d{1,20}$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

export function parseHex(text: string): number | null {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) return null
  const value = Number.parseInt(text, 16)
  return Number.isSafeInteger(value) ? value : null
}

/** A file that holds one count and a line break. */
export function parseCount(text: string): number | null {
  const count = parseDecimal(text.trim())
  return count !== null && count >= 0 ? count : null
}

/** "4096 131072 33554432" → [4096, 131072, 33554432]; null when any word is not a number. */
export function parseDecimals(text: string): number[] | null {
  const values = words(text).map(parseDecimal)
  return values.length > 0 && values.every((value) => value !== null) ? (values as number[]) : null
}

export function words(text: string): string[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
}

export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}

/**
 * How far a 32-bit counter moved (softnet_stat, softirqs, interrupts, nf_conntrack): right across
 * one wrap.
 */
export function delta32(before: number, after: number): number {
  return after >= before ? after - before : after - before + 2 ** 32
}
