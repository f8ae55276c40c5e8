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

export interface AdmissionParts {
  readonly directory: Directory
  readonly shards: readonly RunningShard[]
  connectionsMax: number
  readonly verifyDevice: DeviceVerifier | null
  /** A device back within it goes on with its session; 0 or none: every connection is a new one. */
  readonly resumeGraceMs?: number
  /** A device is let in; returns the largest sequence number of its inbox. */
  readonly onAdmitted?: (shard: RunningShard, hellos: Hellos, row: number) => number
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
    const { verifyDevice } = this.#parts
    if (verifyDevice !== null) {
      this.#lastBatch = this.#decideChecked(this.#lastBatch, verifyDevice, shard, hellos)
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
  async #decideChecked(
    before: Promise<void>,
    verify: DeviceVerifier,
    shard: RunningShard,
    hellos: Hellos,
  ): Promise<void> {
    const { slots, generations } = hellos
    const checks: Promise<boolean>[] = []
    for (let row = 0; row < slots.length; row++) {
      this.#checking.add(connectionKey(shard.index, slots[row], generations[row]))
      checks.push(this.#check(verify, hellos, row))
    }
    const verdicts = await Promise.all(checks)
    await before
    for (let row = 0; row < slots.length; row++) {
      // Who left in the meantime must not enter the directory: nobody would ever remove it.
      const key = connectionKey(shard.index, slots[row], generations[row])
      if (!this.#checking.delete(key) || !shard.isAlive) continue
      if (verdicts[row]) this.#decideRow(shard, hellos, row)
      else this.#refuse(shard, hellos, row, BYE.UNAUTHORIZED)
    }
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
    if (this.closedWith !== 0) return this.#refuse(shard, hellos, row, this.closedWith)
    if (directory.count >= connectionsMax && !directory.find(high, low)) {
      return this.#refuse(shard, hellos, row, BYE.NODE_FULL)
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
    const inboxSeq = this.#parts.onAdmitted?.(shard, hellos, row) ?? 0
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

  #refuse(shard: RunningShard, hellos: Hellos, row: number, code: number): void {
    const reason = byeReason(code)
    this.refused[reason] = (this.refused[reason] ?? 0) + 1
    shard.batch.addVerdict(hellos.slots[row], hellos.generations[row], code, 0)
  }
}

function connectionKey(shard: number, slot: number, generation: number): string {
  return `${shard} ${slot} ${generation}`
}
