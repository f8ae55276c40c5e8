/**
 * How long a dead shard stays down before it is started again: a fault that comes back at once must
 * not keep a core busy with starting, and one that came once should cost its devices a second.
 * Doubles from one start to the next, and forgets when a shard has lived for a while.
 */

export const RESTART_MS_MIN = 1_000
export const RESTART_MS_MAX = 30_000
/** A shard that lived this long died of something new. */
export const STEADY_MS = 60_000

export class RestartBackOff {
  #failures = 0

  /** livedMs: from listening to its end; 0 for one that could not be started. */
  nextDelayMs(livedMs: number): number {
    if (livedMs >= STEADY_MS) this.#failures = 0
    const delayMs = Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 16)
    return delayMs
  }
}
