/**
 * The sizes of a run's payloads. A distribution becomes at most 256 sizes with their shares, and a
 * message takes one of them at random: each size has its template, so what is sent costs one copy
 * whatever its size. The price is that the last of 256 equal parts of a long tail is one size, its
 * mean; the mean of all is kept.
 *
 *   class │ bytes │ shareUpTo         lognormal:640:0.8: 256 parts of equal share
 *       0 │    76 │   0.0039
 *     255 │  4711 │   1
 */
import type { SizeDistribution } from '../../config/size-distribution.ts'

const PARTS = 256

/** Plain, may be posted. */
export interface SizeClasses {
  readonly bytes: readonly number[]
  /** Share of this class and those before it; the last is 1. */
  readonly shareUpTo: readonly number[]
}

export interface SizeBounds {
  readonly bytesMin: number
  readonly bytesMax: number
}

export function fixedSize(bytes: number): SizeClasses {
  return { bytes: [bytes], shareUpTo: [1] }
}

/** Parts of a log-normal distribution that lie beyond the bounds are at the bounds. */
export function sizeClassesOf(sizes: SizeDistribution, bounds: SizeBounds): SizeClasses {
  switch (sizes.kind) {
    case 'fixed':
      return fixedSize(sizes.bytes)
    case 'uniform':
      return equalParts(Math.min(PARTS, sizes.maxBytes - sizes.minBytes + 1), (part, parts) => {
        const width = sizes.maxBytes - sizes.minBytes + 1
        const first = sizes.minBytes + (part * width) / parts
        return Math.round(first + (width / parts - 1) / 2)
      })
    case 'log-normal':
      return logNormalClasses(sizes.meanBytes, sizes.sigma, bounds)
    case 'list': {
      const total = sizes.items.reduce((sum, { weight }) => sum + weight, 0)
      let sum = 0
      const shareUpTo = sizes.items.map(({ weight }) => {
        sum += weight
        return sum / total
      })
      shareUpTo[shareUpTo.length - 1] = 1
      return { bytes: sizes.items.map(({ bytes }) => bytes), shareUpTo }
    }
  }
}

export function meanBytesOf({ bytes, shareUpTo }: SizeClasses): number {
  return bytes.reduce((sum, size, at) => sum + size * (shareUpTo[at] - (shareUpTo[at - 1] ?? 0)), 0)
}

/** The class that a number in [0, 1) falls into. Allocates nothing. */
export function classAt({ shareUpTo }: SizeClasses, unit: number): number {
  let low = 0
  let high = shareUpTo.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (unit < shareUpTo[middle]) high = middle
    else low = middle + 1
  }
  return low
}

function equalParts(parts: number, sizeOf: (part: number, parts: number) => number): SizeClasses {
  const all = Array.from({ length: parts }, (_, part) => part)
  return {
    bytes: all.map((part) => sizeOf(part, parts)),
    shareUpTo: all.map((part) => (part + 1) / parts),
  }
}

/** Each part is its mean: mean · (Φ(b − σ) − Φ(a − σ)) / share for normal quantiles a … b. */
function logNormalClasses(mean: number, sigma: number, bounds: SizeBounds): SizeClasses {
  const edges = Array.from({ length: PARTS + 1 }, (_, part) => normalQuantile(part / PARTS))
  return equalParts(PARTS, (part) => {
    const upTo = (edge: number): number => normalShare(edges[edge] - sigma)
    const bytes = Math.round(mean * (upTo(part + 1) - upTo(part)) * PARTS)
    return Math.min(bounds.bytesMax, Math.max(bounds.bytesMin, bytes))
  })
}

/** Φ, by Abramowitz and Stegun 26.2.17: within 7.5e-8. */
function normalShare(z: number): number {
  if (z === Number.POSITIVE_INFINITY) return 1
  if (z === Number.NEGATIVE_INFINITY) return 0
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series
  return z >= 0 ? 1 - tail : tail
}

/** The inverse, by bisection: computed a few hundred times a run. */
function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY
  if (share >= 1) return Number.POSITIVE_INFINITY
  let [low, high] = [-8, 8]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (normalShare(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}
