/** Which connections of a shard never came up: a byte a connection, in memory once one failed. */
import { connectionAt, connectionsOf, type EventShare } from './event-share.ts'

export class FailedRows {
  readonly #share: EventShare
  readonly #isFailed: Uint8Array
  #count = 0

  constructor(share: EventShare) {
    this.#share = share
    this.#isFailed = new Uint8Array(connectionsOf(share))
  }

  add(row: number): void {
    this.#isFailed[row] = 1
    this.#count += 1
  }

  clear(): void {
    if (this.#count > 0) this.#isFailed.fill(0)
    this.#count = 0
  }

  /** Their numbers among all connections of the run. */
  connections(): Uint32Array {
    const failed: number[] = []
    this.#isFailed.forEach((isFailed, row) => {
      if (isFailed) failed.push(connectionAt(this.#share, row))
    })
    return Uint32Array.from(failed)
  }
}
