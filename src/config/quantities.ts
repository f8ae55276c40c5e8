/**
 * Numbers as people read them, the one way in all reports, messages and tables. Exact where a
 * reader may type the text back (formatCount, formatDurationMs; units.ts parses them to the same
 * value), three significant digits where not.
 */

const groups = /\B(?=(\d{3})+$)/g

/** 1234567 → `1,234,567`. */
export function formatCount(count: number): string {
  const rounded = Math.round(count)
  return (rounded < 0 ? '-' : '') + String(Math.abs(rounded)).replace(groups, ',')
}

/** 1234567 → `1.23m`, 20000 → `20k`: for narrow columns. */
export function formatCountShort(count: number): string {
  const [value, unit] = pickUnit(count, 1_000, ['', 'k', 'm', 'g'])
  return `${threeDigits(value)}${unit}`
}

/** 65536 → `64 KiB`, 1536 → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const [value, unit] = pickUnit(bytes, 1_024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])
  return `${threeDigits(value)} ${unit}`
}

/** 850 → `850 µs`, 1250 → `1.25 ms`, 90000000 → `1m 30s`. */
export function formatDurationUs(us: number): string {
  const size = Math.abs(us)
  if (size < 999.5) return `${threeDigits(us)} µs`
  if (size < 999_500) return `${threeDigits(us / 1_000)} ms`
  if (size < 59_950_000) return `${threeDigits(us / 1_000_000)} s`
  const seconds = Math.round(size / 1_000_000)
  const sign = us < 0 ? '-' : ''
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const parts = [h > 0 ? `${h}h` : '', m > 0 ? `${m}m` : '', s > 0 ? `${s}s` : '']
  return sign + parts.filter((part) => part !== '').join(' ')
}

/** 5400000 → `1h30m`, 250 → `250ms`: exact to the microsecond, as it would be typed. */
export function formatDurationMs(ms: number): string {
  if (ms < 0) return `-${formatDurationMs(-ms)}`
  let restUs = Math.round(ms * 1_000)
  let text = ''
  for (const [unit, us] of TYPED_UNITS_US) {
    const whole = Math.floor(restUs / us)
    if (whole > 0) text += `${whole}${unit}`
    restUs -= whole * us
  }
  return text === '' ? '0' : text
}

const TYPED_UNITS_US = [
  ['h', 3_600_000_000],
  ['m', 60_000_000],
  ['s', 1_000_000],
  ['ms', 1_000],
  ['us', 1],
] as const

/** 500 → `500/s`, 12345 → `12,345/s`, 0.5 → `0.5/s`. */
export function formatRate(perSecond: number): string {
  const small = Math.abs(perSecond) < 100
  return `${small ? threeDigits(perSecond) : formatCount(perSecond)}/s`
}

/** 0.1234 → `12.3 %`. */
export function formatShare(share: number): string {
  return `${threeDigits(share * 100)} %`
}

function pickUnit(value: number, step: number, units: readonly string[]): [number, string] {
  let index = 0
  let scaled = value
  // A value that would be shown as 1000 of one unit is 1 of the next.
  while (Math.abs(scaled) >= step - 0.5 && index < units.length - 1) {
    scaled /= step
    index += 1
  }
  return [scaled, units[index]!]
}

/** Three significant digits, no exponent, no trailing zeros; whole numbers stay whole. */
function threeDigits(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return formatCount(value)
  const decimals = size >= 10 ? 1 : 2
  return String(Number(value.toFixed(size > 0 && size < 0.1 ? 4 : decimals)))
}
