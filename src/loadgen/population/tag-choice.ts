/**
 * Which pushes go to a room, and to which: the same sequence from the same seed, so that the report
 * can go through it again and count who should have received what. Every room is pushed to equally
 * often, whatever its size.
 */
import { seededRandom } from '../seeded-random.ts'

/** Keeps the sequence apart from those of arrivals and sizes, which have the same seed. */
const SALT = 0x7a6f6f6d

export class TagChoice {
  readonly #next: () => number
  readonly #share: number
  readonly #rooms: number

  constructor(seed: number, share: number, rooms: number) {
    this.#next = seededRandom((seed ^ SALT) >>> 0).next
    this.#share = share
    this.#rooms = rooms
  }

  /** The room of the next push, -1: it goes to one device. */
  next(): number {
    const unit = this.#next()
    // What is below the share is evenly spread again, so one number decides both.
    return unit < this.#share ? Math.floor((unit / this.#share) * this.#rooms) : -1
  }
}
