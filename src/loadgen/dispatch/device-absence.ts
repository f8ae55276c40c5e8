/**
 * How long each device was without service: from the loss of its connection to the WELCOME of the
 * next, over all its losses, and to the end of the measured time where it did not come back.
 *
 *   row │ sinceUs f64 │ awayUs f64
 *    17 │      81.2e9 │          0      away now
 *    18 │           0 │     120_500      was away, is back
 *
 * 16 bytes a connection, in memory only once one was lost.
 */
import type { LatencyRecorder } from '../../stats/latency-recorder.ts'

export class DeviceAbsence {
  readonly #sinceUs: Float64Array
  readonly #awayUs: Float64Array
  #fromUs = Number.POSITIVE_INFINITY

  constructor(rows: number) {
    this.#sinceUs = new Float64Array(rows)
    this.#awayUs = new Float64Array(rows)
  }

  /** What is lost from here on counts. */
  begin(fromUs: number): void {
    this.#fromUs = fromUs
    this.#sinceUs.fill(0)
    this.#awayUs.fill(0)
  }

  onLost(row: number, atUs: number): void {
    if (atUs >= this.#fromUs && this.#sinceUs[row] === 0) this.#sinceUs[row] = atUs
  }

  onWelcome(row: number, atUs: number): void {
    if (this.#sinceUs[row] === 0) return
    this.#awayUs[row] += atUs - this.#sinceUs[row]
    this.#sinceUs[row] = 0
  }

  /** One value for each device that was away at all; returns how many are still away. */
  record(into: LatencyRecorder, endUs: number): number {
    let away = 0
    for (let row = 0; row < this.#awayUs.length; row++) {
      const sinceUs = this.#sinceUs[row]
      if (sinceUs !== 0) away += 1
      const us = this.#awayUs[row] + (sinceUs === 0 ? 0 : Math.max(0, endUs - sinceUs))
      if (us > 0) into.recordUs(us)
    }
    return away
  }
}
