/** The rooms of the devices of one shard: who is in which now, and whose device went away. */
import type { ConnectionRows } from '../connection-rows.ts'
import { connectionAt, connectionsOf, type EventShare } from '../event-share.ts'
import type { TagRooms } from './tag-rooms.ts'

export class ShardRooms {
  /** The room of each device that ended while it was up, in their order. */
  readonly ended: number[] = []
  readonly #rooms: TagRooms
  readonly #share: EventShare
  readonly #rows: ConnectionRows

  constructor(rooms: TagRooms, share: EventShare, rows: ConnectionRows) {
    this.#rooms = rooms
    this.#share = share
    this.#rows = rows
  }

  onEnded(row: number): void {
    this.ended.push(this.#roomOf(row))
  }

  clear(): void {
    this.ended.length = 0
  }

  /** By room: devices that are up. */
  members(): Uint32Array {
    const members = new Uint32Array(this.#rooms.count)
    const total = connectionsOf(this.#share)
    for (let row = 0; row < total; row++) {
      if (this.#rows.openSlotOf(row) >= 0) members[this.#roomOf(row)] += 1
    }
    return members
  }

  #roomOf(row: number): number {
    return this.#rooms.roomOf(connectionAt(this.#share, row))
  }
}
