/**
 * Sizes as people type them: one, all between two, a log-normal distribution, or a list with
 * weights. Only the description; whoever draws from it decides how.
 *
 *   512   256..1KiB   lognormal:640:0.8 (mean, sigma)   256*7,1KiB*2,4KiB   (no weight: 1)
 */
import { formatBytes } from './quantities.ts'
import { parseBytes, parseNumber } from './units.ts'

export type SizeDistribution =
  | { readonly kind: 'fixed'; readonly bytes: number }
  | { readonly kind: 'uniform'; readonly minBytes: number; readonly maxBytes: number }
  | {
      readonly kind: 'log-normal'
      readonly meanBytes: number
      /** Standard deviation of the logarithm: 0.5 is mild, 1.5 has a long tail. */
      readonly sigma: number
    }
  | { readonly kind: 'list'; readonly items: readonly WeightedSize[] }

export interface WeightedSize {
  readonly bytes: number
  readonly weight: number
}

/** Each size of a list costs a template of a message in every part of a run that sends. */
const LIST_LENGTH_MAX = 64
const SIGMA_MAX = 3
const TEXT_LENGTH_MAX = 2_000

/** null where the text is none of these. */
export function parseSizeDistribution(text: string): SizeDistribution | null {
  if (text.length > TEXT_LENGTH_MAX) return null
  const clipped = text.trim()
  if (/^log-?normal:/i.test(clipped)) return parseLogNormal(clipped)
  if (/[*,]/.test(clipped) && parseBytes(clipped) === null) return parseList(clipped)
  const [low, high, ...more] = clipped.split('..').map((part) => parseBytes(part))
  if (low === null || high === null || more.length > 0) return null
  if (high === undefined || low === high) return { kind: 'fixed', bytes: low }
  return low < high ? { kind: 'uniform', minBytes: low, maxBytes: high } : null
}

/** As it would be typed. */
export function formatSizeDistribution(sizes: SizeDistribution): string {
  const typed = (bytes: number): string => formatExactBytes(bytes)
  switch (sizes.kind) {
    case 'fixed':
      return exactText(sizes.bytes)
    case 'uniform':
      return `${typed(sizes.minBytes)}..${typed(sizes.maxBytes)}`
    case 'log-normal':
      return `lognormal:${typed(sizes.meanBytes)}:${sizes.sigma}`
    case 'list':
      return sizes.items.map(({ bytes, weight }) => `${typed(bytes)}*${weight}`).join(',')
  }
}

/** What bounds are held against; of a log-normal distribution the mean. */
export function sizeBoundsOf(sizes: SizeDistribution): readonly [low: number, high: number] {
  switch (sizes.kind) {
    case 'fixed':
      return [sizes.bytes, sizes.bytes]
    case 'uniform':
      return [sizes.minBytes, sizes.maxBytes]
    case 'log-normal':
      return [sizes.meanBytes, sizes.meanBytes]
    case 'list': {
      const all = sizes.items.map(({ bytes }) => bytes)
      return [Math.min(...all), Math.max(...all)]
    }
  }
}

function parseLogNormal(text: string): SizeDistribution | null {
  const [, mean = '', deviation = '', ...more] = text.split(':')
  const meanBytes = parseBytes(mean)
  const sigma = parseNumber(deviation)
  if (meanBytes === null || sigma === null || more.length > 0) return null
  return sigma > 0 && sigma <= SIGMA_MAX ? { kind: 'log-normal', meanBytes, sigma } : null
}

function parseList(text: string): SizeDistribution | null {
  const items: WeightedSize[] = []
  for (const part of text.split(',')) {
    const [size = '', factor = '1', ...more] = part.split('*')
    const bytes = parseBytes(size)
    const weight = parseNumber(factor.trim())
    if (bytes === null || weight === null || weight <= 0 || more.length > 0) return null
    items.push({ bytes, weight })
  }
  return items.length <= LIST_LENGTH_MAX ? { kind: 'list', items } : null
}

/** As people read it, where that loses nothing. */
function exactText(bytes: number): string {
  const text = formatBytes(bytes)
  return parseBytes(text) === bytes ? text : formatExactBytes(bytes)
}

function formatExactBytes(bytes: number): string {
  return bytes % 1024 === 0 ? `${bytes / 1024}KiB` : String(bytes)
}
