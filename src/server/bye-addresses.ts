/**
 * Where devices are told to go, device after device: each gets the addresses that its carrier can
 * use, and each begins with another one, because clients try the first, and a drain that named one
 * node first to all would run it over. All lists are made once; a BYE allocates nothing.
 */
import { CARRIER } from './session-table.ts'

export class ByeAddresses {
  readonly #ofTcp: readonly (readonly string[])[]
  readonly #ofOthers: readonly (readonly string[])[]
  #turnOfTcp = 0
  #turnOfOthers = 0

  /**
   * @param addresses "host:port" for TCP, URLs for WebSocket; an address that stands there twice
   * is the first one twice as often
   */
  constructor(addresses: readonly string[]) {
    const tcp = addresses.filter((address) => !/^wss?:/.test(address))
    const others = addresses.filter((address) => address.includes('://'))
    this.#ofTcp = rotationsOf(tcp.length > 0 ? tcp : addresses)
    this.#ofOthers = rotationsOf(others.length > 0 ? others : addresses)
  }

  /** For the next device, of this CARRIER. */
  next(carrier: number): readonly string[] {
    if (carrier === CARRIER.TCP) {
      this.#turnOfTcp = (this.#turnOfTcp + 1) % this.#ofTcp.length
      return this.#ofTcp[this.#turnOfTcp]
    }
    this.#turnOfOthers = (this.#turnOfOthers + 1) % this.#ofOthers.length
    return this.#ofOthers[this.#turnOfOthers]
  }
}

function rotationsOf(addresses: readonly string[]): readonly (readonly string[])[] {
  if (addresses.length === 0) return [[]]
  // The last rotation first: next() steps before it reads.
  const starts = addresses.map((_, i) => (i + addresses.length - 1) % addresses.length)
  return starts.map((i) => [...new Set([...addresses.slice(i), ...addresses.slice(0, i)])])
}
