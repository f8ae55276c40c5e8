/**
 * Which device is in which room (tag): a few large rooms and a long tail of small ones. The room of
 * rank k has a share of the devices that is proportional to 1 / k^skew (Zipf's law); every device
 * is in exactly one. No table of devices: a device's place is its number, multiplied by a constant
 * so that neighbours (of one shard, one target, one stage) spread over all rooms, and its room is
 * found among the rooms' first places. 4 bytes a room.
 *
 *   8 devices, 3 rooms, skew 1      room   0        1     2
 *                                   place  0 1 2 3  4 5 6 7        first 0, 4, 7 (of 8)
 */
import type { DeviceNames } from '../device-names.ts'

/** Each room is a Map entry on the node; this many take some 200 MB there. */
export const TAGS_MAX = 1_000_000

export interface RoomSettings {
  readonly count: number
  /** 0: all rooms alike; 1: the classic law; more: fewer and larger ones. */
  readonly skew: number
}

/** Near the golden section of 2^32, so that consecutive numbers land far apart. */
const SPREAD = 0x9e3779b1

export class TagRooms {
  /** Rooms that somebody is in: those of the smallest rank come first. */
  readonly count: number
  readonly #firstPlace: Uint32Array
  readonly #devices: number
  readonly #factor: bigint

  constructor({ count, skew }: RoomSettings, devices: number) {
    const sizes = roomSizes(count, skew, devices)
    this.#firstPlace = new Uint32Array(count + 1)
    for (let room = 0; room < count; room++) {
      this.#firstPlace[room + 1] = this.#firstPlace[room] + sizes[room]
    }
    const empty = sizes.indexOf(0)
    this.count = empty < 0 ? count : empty
    this.#devices = devices
    this.#factor = BigInt(coprimeTo(devices))
  }

  sizeOf(room: number): number {
    return this.#firstPlace[room + 1] - this.#firstPlace[room]
  }

  /** `device`: number among the devices. Not for the hot path: devices ask when they connect. */
  roomOf(device: number): number {
    const place = Number((BigInt(device) * this.#factor) % BigInt(this.#devices))
    let low = 0
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (place >= this.#firstPlace[middle]) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Names as those of devices: a prefix of the run, of the host in one of several, and digits. */
export function tagNamesOf(runId: number, { count }: RoomSettings, scope = ''): DeviceNames {
  const run = runId.toString(36).padStart(7, '0')
  return { prefix: `bench-${run}-${scope}room-`, digits: String(Math.max(1, count - 1)).length }
}

/** Sizes by rank, descending; they sum up to `devices`: what rounding leaves goes to the first. */
export function roomSizes(count: number, skew: number, devices: number): Uint32Array {
  const weights = Float64Array.from({ length: count }, (_, rank) => (rank + 1) ** -skew)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const sizes = new Uint32Array(count)
  // Rounding the sums, not the sizes, loses nobody; sorting keeps the ranks.
  let sum = 0
  let before = 0
  for (let rank = 0; rank < count; rank++) {
    sum += weights[rank]
    const upTo = rank === count - 1 ? devices : Math.round((sum / total) * devices)
    sizes[rank] = upTo - before
    before = upTo
  }
  return sizes.sort().reverse()
}

function coprimeTo(devices: number): number {
  for (let factor = SPREAD % Math.max(2, devices); ; factor++) {
    if (factor > 0 && divisor(factor, devices) === 1) return factor
  }
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other)
}
