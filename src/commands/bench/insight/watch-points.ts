/**
 * What was seen of a process, point by point, in bounded memory: when the list is full, every
 * second point goes. Counters are running totals, so the span between two points stays exact
 * however many lay between them.
 */
import type { RunMoment } from '../../../loadgen/run-hooks.ts'

export interface WatchPoint extends RunMoment {
  /** null: the source does not say. */
  readonly bytes: number | null
  /** CPU time since the first point. */
  readonly cpuUs: number | null
  readonly generatorBytes: number
}

const POINTS_MAX = 1_024

export class WatchPoints {
  readonly #pointsMax: number
  #points: WatchPoint[] = []
  /** One of so many points is kept. */
  #stride = 1
  #seen = 0
  #latest: WatchPoint | null = null

  constructor(pointsMax = POINTS_MAX) {
    this.#pointsMax = pointsMax
  }

  get count(): number {
    return this.#seen
  }

  /** In order of time; the last one is always among them. */
  get points(): readonly WatchPoint[] {
    const latest = this.#latest
    const isKept = latest === null || this.#points.at(-1) === latest
    return isKept ? this.#points : [...this.#points, latest]
  }

  add(point: WatchPoint): void {
    this.#latest = point
    if (this.#seen % this.#stride === 0) this.#points.push(point)
    this.#seen += 1
    if (this.#points.length < this.#pointsMax) return
    this.#points = this.#points.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
  }
}
