/**
 * Clients that behave badly on purpose, beside the connections of a run. What they do to a target
 * is the question; what happens to them is counted apart, and never as a loss of the run.
 */

/** Those who can be pushed to come first: the last kind never says who it is. */
export const BAD_CLIENT_KINDS = ['slow-reader', 'never-reader', 'dropper', 'half-open'] as const
export type BadClientKind = (typeof BAD_CLIENT_KINDS)[number]

/** Plain, may be posted. */
export interface BadClientSettings {
  /** Read what comes, at `readBytesPerSecond` each. */
  readonly slowReaders: number
  readonly readBytesPerSecond: number
  /** Say who they are and never read again: not even the answer. */
  readonly neverReaders: number
  /** Connect and say nothing. */
  readonly halfOpen: number
  /** Vanish without a word after `upMs` on average, and are back after `awayMs` on average. */
  readonly droppers: number
  readonly upMs: number
  readonly awayMs: number
}

export function badClientCount(settings: BadClientSettings | undefined): number {
  return settings === undefined ? 0 : settings.halfOpen + pushedBadClients(settings)
}

/** Clients that say who they are: pushes reach them, or would. */
export function pushedBadClients(settings: BadClientSettings | undefined): number {
  if (settings === undefined) return 0
  return settings.slowReaders + settings.neverReaders + settings.droppers
}

/** Clients come in blocks, one for each kind, in the order of BAD_CLIENT_KINDS. */
export function badClientBlocks(settings: BadClientSettings): readonly number[] {
  const { slowReaders, neverReaders, halfOpen, droppers } = settings
  return [slowReaders, neverReaders, droppers, halfOpen]
}
