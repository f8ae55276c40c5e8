/**
 * Numbers as people type them: counts ×1000 (10k, 1m), sizes ×1024 (64KiB, 1k), times (250ms,
 * 1h30m), rates (500/s). Arithmetic is exact on the decimal text (1.1m is 1,100,000 and not
 * 1,100,000.0000000002), at the cost of a BigInt per value. A parser answers null where the text is
 * not of its kind; the caller knows which flag to name. Opposite direction: quantities.ts.
 */

const COUNT_FACTORS: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 1_000n,
  m: 1_000_000n,
  g: 1_000_000_000n,
}

const SIZE_FACTORS: Readonly<Record<string, bigint>> = {
  '': 1n,
  k: 1n << 10n,
  m: 1n << 20n,
  g: 1n << 30n,
  t: 1n << 40n,
}

/** In nanoseconds, so that every unit is a whole number. */
const TIME_FACTORS_NS: Readonly<Record<string, bigint>> = {
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
}

const RATE_DIVISORS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }

/** Longer texts are refused before any arithmetic: a value comes from anybody's file. */
const TEXT_LENGTH_MAX = 64

/** `10000`, `10_000`, `10,000`, `10k`, `1.5m`: a whole number. */
export function parseCount(text: string): number | null {
  const match = /^([\d_,.]+)\s?([kmg]?)$/i.exec(clip(text))
  return match ? scaleWhole(match[1]!, COUNT_FACTORS[match[2]!.toLowerCase()]!) : null
}

/** `64`, `64B`, `64KiB`, `1k`, `1.5MB`: whole bytes; every k is 1024. */
export function parseBytes(text: string): number | null {
  const match = /^([\d_,.]+)\s?(?:([kmgt]?)(?:i?b)?)$/i.exec(clip(text))
  return match ? scaleWhole(match[1]!, SIZE_FACTORS[match[2]!.toLowerCase()]!) : null
}

/**
 * `250ms`, `30s`, `5m`, `1h30m`: milliseconds, to the nanosecond. A bare number has no unit and is
 * refused, except 0.
 */
export function parseDurationMs(text: string): number | null {
  const clipped = clip(text)
  if (clipped === '0') return 0
  if (!/^(?:[\d_.]+\s?(?:us|µs|ms|s|m|h|d)\s?)+$/.test(clipped)) return null
  let totalNs = 0n
  for (const [, amount, unit] of clipped.matchAll(/([\d_.]+)\s?(us|µs|ms|s|m|h|d)/g)) {
    const decimal = parseDecimal(amount!)
    if (decimal === null) return null
    totalNs += (decimal.digits * TIME_FACTORS_NS[unit!]!) / decimal.divisor
  }
  return totalNs <= BigInt(Number.MAX_SAFE_INTEGER) * 1_000n ? Number(totalNs) / 1e6 : null
}

/** `500`, `500/s`, `30k/m`, `0.5/s`: per second. */
export function parseRate(text: string): number | null {
  const match = /^([\d_,.]+)\s?([kmg]?)(?:\s?\/\s?(s|m|h))?$/i.exec(clip(text))
  const decimal = match ? parseDecimal(match[1]!) : null
  if (!match || decimal === null) return null
  const scaled = decimal.digits * COUNT_FACTORS[match[2]!.toLowerCase()]!
  const amount = ratio(scaled, decimal.divisor)
  return amount === null ? null : amount / RATE_DIVISORS[(match[3] ?? 's').toLowerCase()]!
}

/** `5%`, `0.1%`: 0.05, 0.001. The sign is needed: 1 could be all or one of a hundred. */
export function parseShare(text: string): number | null {
  const match = /^([\d_.]+)\s?%$/.exec(clip(text))
  const decimal = match ? parseDecimal(match[1]!) : null
  return decimal === null ? null : ratio(decimal.digits, decimal.divisor * 100n)
}

/** `1.5`, `-3`, `1e-3`: any finite number. */
export function parseNumber(text: string): number | null {
  const clipped = clip(text)
  if (!/^[+-]?(\d[\d_]*)?\.?\d+(e[+-]?\d{1,3})?$/i.test(clipped)) return null
  const value = Number(clipped.replaceAll('_', ''))
  return Number.isFinite(value) ? value : null
}

export interface Range {
  readonly min: number
  readonly max: number
}

/** `30s..8m` with any of the parsers above; a single value is a range of itself. */
export function parseRange(text: string, parse: (part: string) => number | null): Range | null {
  const parts = clip(text).split('..')
  if (parts.length > 2) return null
  const min = parse(parts[0]!.trim())
  const max = parts.length === 2 ? parse(parts[1]!.trim()) : min
  return min === null || max === null || min > max ? null : { min, max }
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** `host:port`, `[::1]:80` (no brackets in the host), `:80` (0.0.0.0); port 0 to 65535. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-f:.%\w]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/i.exec(text.trim())
  const port = Number(match?.[3] ?? -1)
  if (!match || port > 65_535) return null
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

function clip(text: string): string {
  return text.length > TEXT_LENGTH_MAX ? '' : text.trim()
}

interface Decimal {
  readonly digits: bigint
  readonly divisor: bigint
}

/** Separators stand between digits only, and a comma only in front of three. */
function parseDecimal(text: string): Decimal | null {
  const match = /^(\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.(\d+))?$/.exec(text)
  if (!match) return null
  const fraction = match[2] ?? ''
  return {
    digits: BigInt(match[1]!.replace(/[,_]/g, '') + fraction),
    divisor: 10n ** BigInt(fraction.length),
  }
}

function scaleWhole(text: string, factor: bigint): number | null {
  const decimal = parseDecimal(text)
  if (decimal === null) return null
  const scaled = decimal.digits * factor
  if (scaled % decimal.divisor !== 0n) return null
  const value = scaled / decimal.divisor
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null
}

function ratio(dividend: bigint, divisor: bigint): number | null {
  if (dividend / divisor > BigInt(Number.MAX_SAFE_INTEGER)) return null
  return Number(dividend) / Number(divisor)
}
