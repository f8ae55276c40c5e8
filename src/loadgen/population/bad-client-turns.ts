/**
 * Pushes to bad clients. Each gets as many as a device does, beside those of the schedule: what is
 * planned, sent and owed counts devices only, and no client is slow that is sent nothing.
 */
import type { PublisherSetup } from '../shard-messages.ts'

export class BadClientTurns {
  /** So many, the warm-up included. */
  pushed = 0
  /** Of those, in the measured time. */
  measured = 0
  readonly #first: number
  readonly #count: number
  readonly #perPush: number
  #next = 0
  #owed = 0

  /** null where there are none. @param connections devices that the schedule is divided over */
  static of({ badDevices }: PublisherSetup, connections: number): BadClientTurns | null {
    if (badDevices === undefined || badDevices.count === 0) return null
    return new BadClientTurns(badDevices.first, badDevices.count, connections)
  }

  constructor(first: number, count: number, connections: number) {
    this.#first = first
    this.#count = count
    this.#perPush = Math.min(1, count / connections)
  }

  /** Beside so many pushes of the schedule: never more than those. */
  countFor(pushes: number): number {
    this.#owed += pushes * this.#perPush
    const count = Math.min(pushes, Math.floor(this.#owed))
    this.#owed -= count
    return count
  }

  /** Number of the client that is next. */
  next(isMeasured: boolean): number {
    this.pushed += 1
    if (isMeasured) this.measured += 1
    const client = this.#first + this.#next
    this.#next = (this.#next + 1) % this.#count
    return client
  }
}
