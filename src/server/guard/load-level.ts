/**
 * How far a node is degraded, from 0 (all is served) to 3, as a pure state machine. A level is
 * reached at once and left one step at a time, each after a calm of its own, and only once the
 * cause is clearly below the step that it had reached: so a value that dances around a limit does
 * not make the node dance.
 *
 *   pressure │        ╭─╮  ← rises at once          pressure: level whose step the value reaches
 *      level │  0     3  3  3  2  1  0              keep: the same with steps a tenth lower
 *            │             └──┴──┴──┴ CALM_MS each
 */

export const LEVEL_MAX = 3

/** As long as a reconnect storm needs to show itself again. */
export const CALM_MS = 5_000

/** A level is kept while its cause is above this share of the step that led there. */
const KEEP_SHARE = 0.9

/** From these values on: level 1, 2, 3. In any unit, as long as the values have the same. */
export type LoadSteps = readonly [number, number, number]

/** The highest level whose step `value` reaches. */
export function levelReached(value: number, steps: LoadSteps, share = 1): number {
  let level = 0
  while (level < LEVEL_MAX && value >= steps[level]! * share) level++
  return level
}

/** The highest level that `value` still keeps. */
export function levelKept(value: number, steps: LoadSteps): number {
  return levelReached(value, steps, KEEP_SHARE)
}

export class LoadLevel {
  level = 0
  #calmSinceMs: number | null = null

  /**
   * `pressure` is the level that the causes call for, `keep` (never below it) the one that they do
   * not let go of. True: the level has changed.
   */
  observe(nowMs: number, pressure: number, keep: number): boolean {
    if (pressure > this.level) {
      this.level = pressure
      this.#calmSinceMs = null
      return true
    }
    if (this.level === 0 || keep >= this.level) {
      this.#calmSinceMs = null
      return false
    }
    this.#calmSinceMs ??= nowMs
    if (nowMs - this.#calmSinceMs < CALM_MS) return false
    this.level--
    this.#calmSinceMs = nowMs
    return true
  }
}
