/**
 * Who a connection comes from, and whether that address may connect: deny and allow lists, the
 * connect rate of an address, and balancers that speak for others. Exists only where one of these
 * is set: it costs a system call and a short text for each accepted connection.
 *
 *   slot │ claimed address 16 bytes │ port u16 │ has u8
 *      0 │ ::ffff:192.0.2.1         │   40_000 │ 1       said by a trusted balancer
 *      1 │ ·                        │        · │ 0       its own address counts
 *
 * The columns are touched only by connections through a balancer.
 */
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import { formatIpAddress, IP_ADDRESS_BYTES, readIpAddress } from '../../protocol/ip-address.ts'
import type { ProxyHeader } from '../../protocol/proxy-header.ts'
import { SipHash } from '../sip-hash.ts'
import { AddressList } from './address-list.ts'
import { AddressRate } from './address-rate.ts'
import type { ShardGuardSettings } from './guard-settings.ts'
import type { RefusalCounts } from './refusal-counts.ts'

export const VERDICT = {
  ADMIT: 0,
  /** Of a trusted balancer: a PROXY header comes first, then admitClaimed() decides. */
  AWAIT_HEADER: 1,
  DENIED: 2,
  TOO_MANY: 3,
} as const
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT]

export class AddressGate {
  readonly #engine: Pick<SocketEngine, 'peerOf'>
  readonly #refusals: RefusalCounts
  readonly #now: () => number
  readonly #hashKey: Uint32Array
  #allowed = new AddressList([])
  #denied = new AddressList([])
  readonly #balancers: AddressList
  #rate: AddressRate | null = null
  #connectsPerSecond = 0
  readonly #claimed: Uint8Array
  readonly #claimedPorts: Uint16Array
  readonly #hasClaimed: Uint8Array
  readonly #address = new Uint8Array(IP_ADDRESS_BYTES)
  readonly #text = new Uint8Array(64)
  readonly #utf8 = new TextEncoder()

  constructor(
    settings: ShardGuardSettings,
    engine: Pick<SocketEngine, 'peerOf'>,
    capacity: number,
    hashKey: Uint32Array,
    refusals: RefusalCounts,
    now: () => number,
  ) {
    this.#engine = engine
    this.#refusals = refusals
    this.#now = now
    this.#hashKey = hashKey
    this.#balancers = new AddressList(settings.proxyFrom)
    this.tune(settings)
    const rows = this.#balancers.isEmpty ? 0 : capacity
    this.#claimed = new Uint8Array(rows * IP_ADDRESS_BYTES)
    this.#claimedPorts = new Uint16Array(rows)
    this.#hasClaimed = new Uint8Array(rows)
  }

  /** Lists and rate, for connections from now on. Balancers stay: connections lean on them. */
  tune({ allow, deny, addressConnectsPerSecond }: ShardGuardSettings): void {
    this.#allowed = new AddressList(allow)
    this.#denied = new AddressList(deny)
    if (addressConnectsPerSecond === this.#connectsPerSecond) return
    this.#connectsPerSecond = addressConnectsPerSecond
    this.#rate =
      addressConnectsPerSecond === 0
        ? null
        : new AddressRate(addressConnectsPerSecond, new SipHash(this.#hashKey))
  }

  /** A connection that was accepted just now. */
  admit(slot: Slot): Verdict {
    if (this.#hasClaimed[slot] === 1) this.#hasClaimed[slot] = 0
    const peer = this.#engine.peerOf(slot)
    // Gone before it was looked at: the engine tells its end.
    if (peer === '') return VERDICT.ADMIT
    if (!this.#readPeer(peer)) {
      this.#refusals.add('address-denied')
      return VERDICT.DENIED
    }
    if (this.#balancers.has(this.#address, 0)) return VERDICT.AWAIT_HEADER
    return this.#judge(this.#address)
  }

  /** The header of a connection that AWAIT_HEADER was said of. */
  admitClaimed(slot: Slot, header: ProxyHeader): Verdict {
    // The balancer speaks for itself: it is trusted.
    if (!header.hasAddress) return VERDICT.ADMIT
    this.#claimed.set(header.address, slot * IP_ADDRESS_BYTES)
    this.#claimedPorts[slot] = header.port
    this.#hasClaimed[slot] = 1
    return this.#judge(header.address)
  }

  /** "address:port" of the device, as its balancer said it where there is one. */
  addressOf(slot: Slot): string {
    if (this.#hasClaimed[slot] !== 1) return this.#engine.peerOf(slot)
    const address = formatIpAddress(this.#claimed, slot * IP_ADDRESS_BYTES)
    const port = this.#claimedPorts[slot]
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  }

  #judge(address: Uint8Array): Verdict {
    const isAllowed = this.#allowed.isEmpty || this.#allowed.has(address, 0)
    if (!isAllowed || this.#denied.has(address, 0)) {
      this.#refusals.add('address-denied')
      return VERDICT.DENIED
    }
    if (this.#rate === null || this.#rate.take(address, 0, this.#now())) return VERDICT.ADMIT
    this.#refusals.add('address-rate')
    return VERDICT.TOO_MANY
  }

  /** "192.0.2.1:40000" or "[2001:db8::1]:40000" into #address. */
  #readPeer(peer: string): boolean {
    const { written } = this.#utf8.encodeInto(peer, this.#text)
    const isBracketed = this.#text[0] === 0x5b
    const end = isBracketed ? peer.indexOf(']') : peer.lastIndexOf(':')
    return (
      end > 0 &&
      end <= written &&
      readIpAddress(this.#text, isBracketed ? 1 : 0, end, this.#address, 0)
    )
  }
}
