/**
 * How long to wait before the next attempt: doubled each time up to a limit, and spread over its
 * upper half so that many nodes do not come back to a receiver in step.
 */

const DELAY_MS_FIRST = 200
const DELAY_MS_MAX = 30_000

/**
 * `attempts` made so far, from 1; `random` from 0 to 1. What the receiver asked for (Retry-After)
 * counts where it is longer, up to the same limit.
 */
export function retryDelayMs(attempts: number, random: number, askedMs = 0): number {
  const full = Math.min(DELAY_MS_MAX, DELAY_MS_FIRST * 2 ** Math.min(attempts - 1, 20))
  return Math.max(full / 2 + (full / 2) * random, Math.min(askedMs, DELAY_MS_MAX))
}

/** Retry-After in seconds; 0 for a date or nonsense. */
export function retryAfterMs(header: string | string[] | undefined): number {
  const text = Array.isArray(header) ? header[0] : header
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : 0
}
