/**
 * How long the node was ready, of the time it has run: availability as a counter, so that whoever
 * scrapes it can ask for any span of time. Only as fine as it is looked at.
 */

export class ReadyClock {
  #readyMs = 0
  #atMs: number
  #wasReady = false
  readonly #startMs: number

  constructor(nowMs: number) {
    this.#startMs = nowMs
    this.#atMs = nowMs
  }

  /** What was true at the last look is taken to have held until now. */
  look(isReady: boolean, nowMs: number): void {
    if (this.#wasReady) this.#readyMs += nowMs - this.#atMs
    this.#wasReady = isReady
    this.#atMs = nowMs
  }

  get readySeconds(): number {
    return this.#readyMs / 1_000
  }

  get upSeconds(): number {
    return (this.#atMs - this.#startMs) / 1_000
  }
}
