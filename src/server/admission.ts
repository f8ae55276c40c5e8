/**
 * Who may come in. The main thread decides for all shards, because a device's next connection may
 * land on any of them: the newer HELLO wins, and the older connection is told so (4001). Decides a
 * batch at once; only token checks are async.
 */
import { BYE, byeReason } from '../protocol/frame-types.ts'
import type { Directory } from './directory.ts'
import type { DeviceVerifier } from './node-options.ts'
import { ResumeTable } from './resume-table.ts'
import type { RunningShard } from './shard-group.ts'
import type { ShardUp } from './shard-messages.ts'

type Hellos = Extract<ShardUp, { kind: 'hellos' }>
type Gone = Extract<ShardUp, { kind: 'gone' }>

/** In a cluster: who may come in is written where all nodes see it. */
export interface AdmissionRegistry {
  /** Takes a session for each of the rows; a BYE code where that cannot be, by row of the batch. */
  claim(hellos: Hellos, rows: readonly number[]): Promise<Uint16Array>
  /** The device is let in; returns the largest sequence number of its inbox. */
  admitted(shard: RunningShard, hellos: Hellos, row: number): number
  /** It has a session, but has left, or is not let in. */
  abandon(hellos: Hellos, row: number): void
  gone(shard: RunningShard, gone: Gone): void
}

/** Addresses of where the device of that hash belongs; null: it may stay. */
export type Placement = (high: number, low: number) => readonly string[] | null

export interface AdmissionParts {
  readonly directory: Directory
  readonly shards: readonly RunningShard[]
  connectionsMax: number
  readonly verifyDevice: DeviceVerifier | null
  /** A device back within it goes on with its session; 0 or none: every connection is a new one. */
  readonly resumeGraceMs?: number
  /** A device is let in; returns the largest sequence number of its inbox. */
  readonly onAdmitted?: (shard: RunningShard, hellos: Hellos, row: number) => number
  readonly registry?: AdmissionRegistry | null
  /** Asked before a session is taken; missing: every device may stay. */
  readonly placement?: Placement | null
}

export class Admission {
  accepted = 0
  readonly refused: Record<string, number> = {}
  /** BYE for every HELLO while it is not 0: the node drains. */
  closedWith = 0
  readonly #parts: AdmissionParts
  readonly #text = new TextDecoder()
  /** Connections whose token is being checked. */
  readonly #checking = new Set<string>()
  #lastBatch: Promise<void> = Promise.resolve()
  #lastClaim: Promise<void> = Promise.resolve()
  readonly #resumes: ResumeTable
  readonly #now: () => number
  #lastSessionId = 0

  constructor(parts: AdmissionParts, now: () => number = () => performance.now()) {
    this.#parts = parts
    this.#now = now
    this.#resumes = new ResumeTable(parts.resumeGraceMs ?? 0)
  }

  /** One more than these gets BYE 4103; those that are over it stay. */
  set connectionsMax(connectionsMax: number) {
    this.#parts.connectionsMax = connectionsMax
  }

  decide(shard: RunningShard, hellos: Hellos): void {
    const { verifyDevice, registry = null } = this.#parts
    if (verifyDevice !== null || registry !== null) {
      this.#lastBatch = this.#decideChecked(this.#lastBatch, shard, hellos)
      return
    }
    for (let row = 0; row < hellos.slots.length; row++) this.#decideRow(shard, hellos, row)
  }

  /** Devices that left; also those whose token is still being checked. */
  forget(shard: RunningShard, gone: Gone): void {
    const { slots, generations, hashes, sessionIds } = gone
    const nowMs = this.#now()
    for (let row = 0; row < slots.length; row++) {
      if (this.#checking.size > 0) {
        this.#checking.delete(connectionKey(shard.index, slots[row], generations[row]))
      }
      const high = hashes[2 * row]
      const low = hashes[2 * row + 1]
      const isGone = this.#parts.directory.remove(
        high,
        low,
        shard.index,
        slots[row],
        generations[row],
      )
      if (isGone && sessionIds[row] !== 0 && this.#resumes.isOn) {
        this.#resumes.remember(high, low, sessionIds[row], nowMs)
      }
    }
    if (gone.keptTags !== undefined && this.#resumes.isOn) this.#keepTags(gone, nowMs)
    this.#parts.registry?.gone(shard, gone)
  }

  /** To the connection on which the session goes on already, or until it does. */
  #keepTags({ keptTags = [], hashes, sessionIds }: Gone, nowMs: number): void {
    const { directory, shards } = this.#parts
    for (const { row, tags } of keptTags) {
      const sessionId = sessionIds[row]
      if (sessionId === 0) continue
      const isHere = directory.find(hashes[2 * row], hashes[2 * row + 1])
      if (!isHere) this.#resumes.rememberTags(sessionId, tags, nowMs)
      else if (directory.sessionId === sessionId) {
        const { slot, generation } = directory
        shards[directory.shard].link.post({ kind: 'bind', slot, generation, tags })
      }
    }
  }

  /** Checks a batch at once, and decides it after all that came before: the newer HELLO wins. */
  async #decideChecked(before: Promise<void>, shard: RunningShard, hellos: Hellos): Promise<void> {
    const { registry = null } = this.#parts
    const { slots, generations } = hellos
    for (let row = 0; row < slots.length; row++) {
      this.#checking.add(connectionKey(shard.index, slots[row], generations[row]))
    }
    const isClaimedBefore = this.#lastClaim
    let codes: Uint16Array
    const claiming = (async () => {
      codes = await this.#verify(hellos)
      // Sessions are taken in the order of the HELLOs, though not one after the other.
      await isClaimedBefore
    })()
    this.#lastClaim = claiming
    await claiming
    const places = this.#findPlaces(hellos, codes!)
    const claims = registry === null ? null : registry.claim(hellos, welcomeRows(codes!))
    const claimed = await claims
    await before
    for (let row = 0; row < slots.length; row++) {
      // Who left in the meantime must not enter the directory: nobody would ever remove it.
      const key = connectionKey(shard.index, slots[row], generations[row])
      const code = codes![row] || (claimed?.[row] ?? 0)
      if (!this.#checking.delete(key) || !shard.isAlive) {
        if (code === 0) registry?.abandon(hellos, row)
      } else if (code !== 0) this.#refuse(shard, hellos, row, code, places?.get(row))
      else this.#decideRow(shard, hellos, row)
    }
    shard.batch.flush()
  }

  /** BYE codes by row; 0: its token is good, or nobody asks for one. */
  async #verify(hellos: Hellos): Promise<Uint16Array> {
    const { verifyDevice } = this.#parts
    const codes = new Uint16Array(hellos.slots.length)
    if (verifyDevice === null) return codes.fill(this.closedWith)
    const checks = Array.from(codes, (_, row) => this.#check(verifyDevice, hellos, row))
    const verdicts = await Promise.all(checks)
    for (let row = 0; row < codes.length; row++) {
      codes[row] = verdicts[row] ? this.closedWith : BYE.UNAUTHORIZED
    }
    return codes
  }

  /** Whose place is another node: BYE 4302, with its addresses by row. null: nobody's. */
  #findPlaces(hellos: Hellos, codes: Uint16Array): Map<number, readonly string[]> | null {
    const { placement = null } = this.#parts
    if (placement === null) return null
    let places: Map<number, readonly string[]> | null = null
    for (const row of welcomeRows(codes)) {
      const addresses = placement(hellos.hashes[2 * row], hellos.hashes[2 * row + 1])
      if (addresses === null) continue
      codes[row] = BYE.WRONG_NODE
      places ??= new Map()
      places.set(row, addresses)
    }
    return places
  }

  async #check(verify: DeviceVerifier, hellos: Hellos, row: number): Promise<boolean> {
    const { texts, textEnds } = hellos
    const idStart = row === 0 ? 0 : textEnds[2 * row - 1]
    const id = this.#text.decode(texts.subarray(idStart, textEnds[2 * row]))
    const token = this.#text.decode(texts.subarray(textEnds[2 * row], textEnds[2 * row + 1]))
    return (await verify(token, id).catch(() => false)) === true
  }

  #decideRow(shard: RunningShard, hellos: Hellos, row: number): void {
    const { directory, shards, connectionsMax } = this.#parts
    const slot = hellos.slots[row]
    const generation = hellos.generations[row]
    const high = hellos.hashes[2 * row]
    const low = hellos.hashes[2 * row + 1]
    const { registry = null } = this.#parts
    const isFull = directory.count >= connectionsMax && !directory.find(high, low)
    const refusal = this.closedWith || (isFull ? BYE.NODE_FULL : 0)
    if (refusal !== 0) {
      registry?.abandon(hellos, row)
      return this.#refuse(shard, hellos, row, refusal)
    }
    let sessionId = 0
    if (directory.put(high, low, shard.index, slot, generation)) {
      shards[directory.shard].batch.addClose(directory.slot, directory.generation, BYE.REPLACED)
      // The device was faster than the news of its loss.
      if (this.#resumes.isOn) sessionId = directory.sessionId
    } else if (this.#resumes.isOn) sessionId = this.#resumes.take(high, low, this.#now())
    const isResumed = sessionId !== 0
    if (isResumed) this.#giveTagsBack(shard, slot, generation, sessionId)
    else sessionId = this.#nextSessionId()
    directory.setSession(high, low, sessionId)
    this.accepted++
    const inboxSeq =
      registry?.admitted(shard, hellos, row) ?? this.#parts.onAdmitted?.(shard, hellos, row) ?? 0
    shard.batch.addVerdict(slot, generation, 0, sessionId, inboxSeq, isResumed)
  }

  #giveTagsBack(shard: RunningShard, slot: number, generation: number, sessionId: number): void {
    const tags = this.#resumes.takeTags(sessionId)
    if (tags.length > 0) shard.link.post({ kind: 'bind', slot, generation, tags })
  }

  /** 0 means none. */
  #nextSessionId(): number {
    this.#lastSessionId = (this.#lastSessionId + 1) >>> 0 || 1
    return this.#lastSessionId
  }

  #refuse(
    shard: RunningShard,
    { slots, generations }: Hellos,
    row: number,
    code: number,
    addresses?: readonly string[],
  ): void {
    const reason = byeReason(code)
    this.refused[reason] = (this.refused[reason] ?? 0) + 1
    if (addresses === undefined) shard.batch.addVerdict(slots[row], generations[row], code, 0)
    else shard.batch.addMove(slots[row], generations[row], code, addresses)
  }
}

/** Rows whose code is 0. */
function welcomeRows(codes: Uint16Array): number[] {
  const rows: number[] = []
  for (let row = 0; row < codes.length; row++) if (codes[row] === 0) rows.push(row)
  return rows
}

function connectionKey(shard: number, slot: number, generation: number): string {
  return `${shard} ${slot} ${generation}`
}
