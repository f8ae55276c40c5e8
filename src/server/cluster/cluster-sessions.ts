/**
 * Which devices this node has, as the cluster knows it: each admission takes a new session in the
 * registry, tells the node that had the device before, and each departure gives it back. A batch of
 * HELLOs is one round trip.
 *
 *   slot │ session f64      of each shard; 0: nobody whom the cluster knows
 *     17 │ 1_790_000_000_123_456
 *
 * A frame that closes a device names a session, and never hits a newer one.
 */
import type { Answer, Claimed, DeviceRegistry } from '../../cluster/device-registry.ts'
import type { HopDevice } from '../../cluster/hop-frames.ts'
import { hashText } from '../../cluster/key-names.ts'
import type { Membership } from '../../cluster/membership.ts'
import type { NodeChannels } from '../../cluster/node-channels.ts'
import { BYE } from '../../protocol/frame-types.ts'
import type { AdmissionRegistry } from '../admission.ts'
import type { Directory } from '../directory.ts'
import type { RemoteInbox } from '../inbox/remote-inbox.ts'
import type { RunningShard } from '../shard-group.ts'
import type { ShardUp } from '../shard-messages.ts'
import { EarlyFrames } from './early-frames.ts'

type Hellos = Extract<ShardUp, { kind: 'hellos' }>
type Gone = Extract<ShardUp, { kind: 'gone' }>

export interface ClusterSessionParts {
  readonly registry: DeviceRegistry
  readonly membership: Membership
  readonly channels: NodeChannels
  readonly directory: Directory
  readonly inbox: RemoteInbox
  readonly shards: readonly RunningShard[]
  readonly rowsPerShard: number
  /** False: no device may come in, because nobody could know of it. */
  readonly isServing: () => boolean
  /** This node knows less of the device's inbox than Redis. */
  readonly catchUp: (hash: string, high: number, low: number) => void
}

export class ClusterSessions implements AdmissionRegistry {
  readonly early = new EarlyFrames()
  readonly #parts: ClusterSessionParts
  readonly #sessions: Float64Array[] = []
  readonly #claims = new WeakMap<Hellos, (Answer<Claimed> | undefined)[]>()

  constructor(parts: ClusterSessionParts) {
    this.#parts = parts
  }

  /** 0 where the cluster does not know the connection. */
  sessionAt(shard: number, slot: number): number {
    return this.#sessions[shard]?.[slot] ?? 0
  }

  async claim(hellos: Hellos, rows: readonly number[]): Promise<Uint16Array> {
    const codes = new Uint16Array(hellos.slots.length)
    if (!this.#parts.isServing()) return codes.fill(BYE.OVERLOADED)
    const hashes = rows.map((row) => hashAt(hellos, row))
    const seen = rows.map((row) => hellos.inboxSeqs[row])
    const answers = await this.#parts.registry.claim(hashes, seen)
    const claims = new Array<Answer<Claimed> | undefined>(hellos.slots.length)
    for (let i = 0; i < rows.length; i++) {
      claims[rows[i]] = answers[i]
      if (answers[i] instanceof Error) codes[rows[i]] = BYE.OVERLOADED
    }
    this.#claims.set(hellos, claims)
    return codes
  }

  admitted(shard: RunningShard, hellos: Hellos, row: number): number {
    const claimed = this.#claimedAt(hellos, row)
    if (claimed === null) return 0
    const { inbox, catchUp } = this.#parts
    const slot = hellos.slots[row]
    const high = hellos.hashes[2 * row]
    const low = hellos.hashes[2 * row + 1]
    this.#columnOf(shard.index)[slot] = claimed.session
    this.#tellNodeBefore(claimed, high, low)
    const { nextSeq, heads } = claimed
    const flags = hellos.flags[row]
    const inboxSeq = hellos.inboxSeqs[row]
    const generation = hellos.generations[row]
    const place = { high, low, shard: shard.index, slot, generation, flags, inboxSeq }
    const lastSeq = inbox.adopt(place, nextSeq, heads)
    const hash = hashText(high, low)
    const early = this.early.take(hash)
    if (early !== null && early.seq >= nextSeq) catchUp(hash, high, low)
    if (early !== null && early.session >= claimed.session) {
      // Behind the verdict, which is written when this returns.
      setImmediate(() => this.close({ high, low, session: early.session }, early.code))
    }
    return lastSeq
  }

  abandon(hellos: Hellos, row: number): void {
    const claimed = this.#claimedAt(hellos, row)
    if (claimed === null) return
    this.#tellNodeBefore(claimed, hellos.hashes[2 * row], hellos.hashes[2 * row + 1])
    void this.#parts.registry.release([hashAt(hellos, row)], [claimed.session])
  }

  /** Devices that left; those that are elsewhere already are nobody's concern here. */
  gone(shard: RunningShard, gone: Gone): void {
    const column = this.#sessions[shard.index]
    if (column === undefined) return
    const hashes: string[] = []
    const sessions: number[] = []
    for (let row = 0; row < gone.slots.length; row++) {
      const slot = gone.slots[row]
      this.#parts.inbox.leave(shard.index, slot, gone.generations[row])
      if (column[slot] === 0) continue
      hashes.push(hashAt(gone, row))
      sessions.push(column[slot])
      column[slot] = 0
    }
    // What is not written is found by the next claim, or by the audit of nobody: the key expires.
    if (hashes.length > 0) void this.#parts.registry.release(hashes, sessions)
  }

  onShardLost(shard: number): void {
    this.#sessions[shard]?.fill(0)
  }

  /** Closes the device where its session is not newer than the one that is meant. */
  close({ high, low, session }: HopDevice, code: number): boolean {
    const { directory, shards } = this.#parts
    if (!directory.find(high, low)) {
      this.early.noteClose(hashText(high, low), session, code, performance.now())
      return false
    }
    const { shard, slot, generation } = directory
    if (this.sessionAt(shard, slot) > session) return false
    shards[shard].batch.addClose(slot, generation, code)
    return true
  }

  #claimedAt(hellos: Hellos, row: number): Claimed | null {
    const claimed = this.#claims.get(hellos)?.[row]
    return claimed === undefined || claimed instanceof Error ? null : claimed
  }

  #tellNodeBefore({ nodeBefore, sessionBefore }: Claimed, high: number, low: number): void {
    const { membership, channels } = this.#parts
    if (nodeBefore === 0 || nodeBefore === membership.number) return
    const device = { high, low, session: sessionBefore }
    const tell = (name: string | undefined) => {
      if (name !== undefined) channels.to(name).addClose(device, BYE.REPLACED)
      return name !== undefined
    }
    if (tell(membership.nameOf(nodeBefore))) return
    void membership.learn([nodeBefore]).then(() => tell(membership.nameOf(nodeBefore)))
  }

  #columnOf(shard: number): Float64Array {
    this.#sessions[shard] ??= new Float64Array(this.#parts.rowsPerShard)
    return this.#sessions[shard]
  }
}

function hashAt({ hashes }: { readonly hashes: Uint32Array }, row: number): string {
  return hashText(hashes[2 * row], hashes[2 * row + 1])
}
