/** Which of a publisher's pushes go to rooms, to which, and the number that each has there. */
import type { PublisherSetup, RoomPushCounts } from '../shard-messages.ts'
import { TagChoice } from './tag-choice.ts'
import { TagRooms } from './tag-rooms.ts'

export class RoomTurns {
  readonly #choice: TagChoice
  readonly #rooms: TagRooms
  readonly #numbers: Uint32Array
  #sent = 0
  #members = 0
  #chosen = 0

  /** null where no push goes to a room. @param numbers of what each room has got so far */
  static of({ population, connections, seed }: PublisherSetup, numbers: Uint32Array) {
    const rooms = population?.rooms
    if (rooms === undefined || rooms.pushShare === 0) return null
    return new RoomTurns(seed, rooms.pushShare, new TagRooms(rooms, connections), numbers)
  }

  constructor(seed: number, pushShare: number, rooms: TagRooms, numbers: Uint32Array) {
    this.#choice = new TagChoice(seed, pushShare, rooms.count)
    this.#rooms = rooms
    this.#numbers = numbers
  }

  get counts(): RoomPushCounts {
    return { sent: this.#sent, members: this.#members, chosen: this.#chosen }
  }

  /** -1: this push goes to one device. */
  next(measured: boolean): number {
    this.#chosen += 1
    const room = this.#choice.next()
    if (room >= 0 && measured) {
      this.#sent += 1
      this.#members += this.#rooms.sizeOf(room)
    }
    return room
  }

  /** Of the push that goes to it now. */
  numberOf(room: number): number {
    return ++this.#numbers[room]
  }
}
