/**
 * A token bucket over time that the caller brings along: `perSecond` tokens are earned, at most
 * `burst` are kept. Fractions of tokens are kept too, so that the rate is exact in the long run.
 */
export class TokenBucket {
  readonly burst: number
  #perSecond: number
  #tokens: number
  #earnedAtMs: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.burst = burst
    this.#tokens = burst
    this.#earnedAtMs = nowMs
  }

  /** Whole tokens that can be taken now. */
  available(nowMs: number): number {
    this.#earn(nowMs)
    // A sum of fractions may end a hair below the whole number that it means.
    return Math.floor(this.#tokens + 1e-9)
  }

  /** May take more than there is: then nothing is available until the debt is earned. */
  take(count: number, nowMs: number): void {
    this.#earn(nowMs)
    this.#tokens -= count
  }

  /** How long until `count` tokens are there; 0 where they are. */
  msUntil(count: number): number {
    return Math.max(0, Math.ceil(((count - this.#tokens) * 1000) / this.#perSecond))
  }

  setRate(perSecond: number, nowMs: number): void {
    this.#earn(nowMs)
    this.#perSecond = perSecond
  }

  #earn(nowMs: number): void {
    // A clock that stands still or goes back earns nothing.
    const elapsedMs = Math.max(0, nowMs - this.#earnedAtMs)
    this.#earnedAtMs = nowMs
    this.#tokens = Math.min(this.burst, this.#tokens + (elapsedMs * this.#perSecond) / 1000)
  }
}
