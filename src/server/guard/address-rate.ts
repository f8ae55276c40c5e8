/**
 * How many connections one address may open per second, for any number of addresses in a table of
 * fixed size: four places for each hash, and the one that is nearest to forgotten makes room. So an
 * attacker with many addresses can make the table forget, never grow, and a keyed hash keeps it
 * from aiming at the place of somebody else. Two addresses of one hash share their rate.
 *
 *   place │ hash u32    │ used until ms f64
 *       0 │ 0x9e3779b9  │ 18_204.5
 *       1 │ ·           │ ·          its rate is unused: free for anybody
 *
 * 12 bytes a place, 786 kB in all, touched where addresses come. IPv6 counts by its first 64 bits:
 * whoever has one address of such a net has all of them.
 */
import { IP_ADDRESS_BYTES, isMappedIpv4 } from '../../protocol/ip-address.ts'
import type { SipHash } from '../sip-hash.ts'

const PLACES = 1 << 16
const WAYS = 4
const IPV6_NET_BYTES = 8
/** A device may come back, be sent elsewhere and come back again. */
const BURST_MIN = 5
const BURST_SECONDS = 10

export class AddressRate {
  readonly #hash: SipHash
  readonly #msPerConnect: number
  readonly #burstMs: number
  readonly #hashes = new Uint32Array(PLACES)
  readonly #usedUntilMs = new Float64Array(PLACES)

  constructor(connectsPerSecond: number, hash: SipHash) {
    this.#hash = hash
    this.#msPerConnect = 1000 / connectsPerSecond
    this.#burstMs = Math.max(BURST_SECONDS * 1000, BURST_MIN * this.#msPerConnect)
  }

  /** One connection of the address bytes[at, at + 16). False: that is one too many. */
  take(bytes: Uint8Array, at: number, nowMs: number): boolean {
    const keyBytes = isMappedIpv4(bytes, at) ? IP_ADDRESS_BYTES : IPV6_NET_BYTES
    this.#hash.hash(bytes, at, at + keyBytes)
    const place = this.#placeOf(this.#hash.low, this.#hash.high, nowMs)
    const until = Math.max(this.#usedUntilMs[place], nowMs) + this.#msPerConnect
    if (until - nowMs > this.#burstMs + 1e-6) return false
    this.#usedUntilMs[place] = until
    return true
  }

  #placeOf(low: number, high: number, nowMs: number): number {
    const first = (low & (PLACES / WAYS - 1)) * WAYS
    let idlest = first
    for (let place = first; place < first + WAYS; place++) {
      // A place whose time is over is free, whatever hash it still has.
      if (this.#hashes[place] === high && this.#usedUntilMs[place] > nowMs) return place
      if (this.#usedUntilMs[place] < this.#usedUntilMs[idlest]) idlest = place
    }
    if (this.#hashes[idlest] !== high) {
      this.#hashes[idlest] = high
      this.#usedUntilMs[idlest] = 0
    }
    return idlest
  }
}
