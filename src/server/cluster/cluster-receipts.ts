/**
 * What became of stored pushes, worked out when somebody asks, not counted while they are made. The
 * id of a push to one device names the device and its number; of a push to several, a list of those
 * is kept in Redis. The inbox says the rest: what is below its first pending number is gone, and
 * how far it was trimmed or expired is written beside it.
 *
 *   id of one      <hash of the device, 16 hex>-<number, base 36>
 *   id of several  <node number, base 36>-<count, base 36>, key r:{id}: hash u64 · number f64 …
 */
import type { DeviceRegistry, Place } from '../../cluster/device-registry.ts'
import type { KeyNames } from '../../cluster/key-names.ts'
import type { Membership } from '../../cluster/membership.ts'
import type { RedisLink } from '../../cluster/redis-link.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { PushReceipt } from '../inbox/push-receipts.ts'
import { nowSeconds } from '../store/inbox.ts'

/** Receipts can be read for so long after a push has expired; of several devices, for a day. */
const LIST_SECONDS_MAX = 24 * 3_600
const ROW_BYTES = 16
const ONE = /^([0-9a-f]{16})-([0-9a-z]{1,11})$/

export class ClusterReceipts {
  readonly #link: RedisLink
  readonly #keys: KeyNames
  readonly #registry: DeviceRegistry
  readonly #membership: Membership

  constructor(link: RedisLink, keys: KeyNames, registry: DeviceRegistry, membership: Membership) {
    this.#link = link
    this.#keys = keys
    this.#registry = registry
    this.#membership = membership
  }

  /** The id under which the push is found. */
  async begin(
    id: string,
    hashes: readonly string[],
    seqs: readonly number[],
    expiresAtS: number,
  ): Promise<string> {
    if (hashes.length === 1) return `${hashes[0]}-${seqs[0].toString(36)}`
    const list = Buffer.allocUnsafe(ROW_BYTES * hashes.length)
    for (let i = 0; i < hashes.length; i++) {
      list.write(hashes[i], ROW_BYTES * i, 'hex')
      list.writeDoubleBE(seqs[i], ROW_BYTES * i + 8)
    }
    const seconds = Math.min(LIST_SECONDS_MAX, Math.max(600, expiresAtS - nowSeconds() + 600))
    // The push is stored; that nobody can ask for it is no reason to refuse it.
    await this.#link.command('set', this.#keys.receipt(id), list, 'EX', seconds).catch(() => {})
    return id
  }

  /** null where the push is unknown, or too long ago. */
  async find(pushId: string): Promise<PushReceipt | null> {
    const one = ONE.exec(pushId)
    if (one !== null) return this.#count([one[1]], [Number.parseInt(one[2], 36)], true)
    const list = await this.#link.bytes(this.#keys.receipt(pushId))
    if (list === null) return null
    const hashes: string[] = []
    const seqs: number[] = []
    for (let at = 0; at + ROW_BYTES <= list.length; at += ROW_BYTES) {
      hashes.push(list.toString('hex', at, at + 8))
      seqs.push(list.readDoubleBE(at + 8))
    }
    return this.#count(hashes, seqs, false)
  }

  async #count(
    hashes: readonly string[],
    seqs: readonly number[],
    isGuess: boolean,
  ): Promise<PushReceipt | null> {
    const places = await this.#registry.where(hashes)
    const counts = { online: 0, sent: 0, acked: 0, expired: 0, trimmed: 0 }
    for (let i = 0; i < places.length; i++) {
      const place = places[i]
      if (place instanceof PushctlError) throw place
      // An id that nobody was given.
      if (isGuess && seqs[i] >= place.nextSeq) return null
      this.#add(counts, place, seqs[i])
    }
    const { length } = hashes
    return { accepted: length, stored: length, ...counts }
  }

  #add(
    counts: { online: number; sent: number; acked: number; expired: number; trimmed: number },
    place: Place,
    seq: number,
  ): void {
    const isOnline = this.#membership.nameOf(place.node) !== undefined
    if (isOnline) counts.online++
    if (seq >= place.firstSeq) {
      if (isOnline) counts.sent++
    } else if (seq <= place.trimmedSeq) counts.trimmed++
    else if (seq <= place.expiredSeq) counts.expired++
    else {
      counts.sent++
      counts.acked++
    }
  }
}
