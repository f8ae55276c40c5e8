/**
 * Sessions whose device has gone and may come back (--resume-grace). Two tables take turns: what
 * left goes into the young one; when that has been filled for a grace, it becomes the old one, and
 * the old one is dropped as a whole. So nothing has to be looked for when it expires, and a session
 * costs 24–48 bytes for one to two graces. Tags that were bound at run time are kept beside it, one
 * Map entry for each of the few devices that have some: those of HELLO come again with HELLO.
 *
 *   │ old: left 30–60 s ago, partly expired │ young: left up to 30 s ago │
 */
import { Directory } from './directory.ts'

/** As many devices as may leave in one grace and be recognised; the others begin anew. */
const SESSIONS_MAX = 1 << 20
/** Stamps of the Directory are u16. */
const STAMPS = 1 << 16

class Leavers {
  readonly sessions = new Directory()
  readonly tags = new Map<number, readonly string[]>()
}

export class ResumeTable {
  readonly #graceMs: number
  #young = new Leavers()
  #old = new Leavers()
  #turnedAtMs = 0

  /** 0: nothing is kept. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  get isOn(): boolean {
    return this.#graceMs > 0
  }

  /** The device of this hash has left. */
  remember(high: number, low: number, sessionId: number, nowMs: number): void {
    this.#turn(nowMs)
    const { sessions } = this.#young
    if (sessions.count < SESSIONS_MAX) sessions.put(high, low, 0, sessionId, stampOf(nowMs))
  }

  rememberTags(sessionId: number, tags: readonly string[], nowMs: number): void {
    this.#turn(nowMs)
    if (this.#young.tags.size < SESSIONS_MAX) this.#young.tags.set(sessionId, tags)
  }

  /** The session of a device that comes back, and no longer here; 0 where there is none in time. */
  take(high: number, low: number, nowMs: number): number {
    this.#turn(nowMs)
    for (const { sessions } of [this.#young, this.#old]) {
      if (!sessions.find(high, low)) continue
      const { slot: sessionId, generation: stamp } = sessions
      sessions.remove(high, low, 0, sessionId, stamp)
      const agoMs = ((stampOf(nowMs) - stamp + STAMPS) % STAMPS) * STAMP_MS
      return agoMs <= this.#graceMs ? sessionId : 0
    }
    return 0
  }

  /** Tags that a session had bound at run time. */
  takeTags(sessionId: number): readonly string[] {
    for (const { tags } of [this.#young, this.#old]) {
      const kept = tags.get(sessionId)
      if (kept === undefined) continue
      tags.delete(sessionId)
      return kept
    }
    return []
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#turnedAtMs < this.#graceMs) return
    const isAllOver = nowMs - this.#turnedAtMs >= 2 * this.#graceMs
    this.#old = isAllOver ? new Leavers() : this.#young
    this.#young = new Leavers()
    this.#turnedAtMs = nowMs
  }
}

/** 65,536 of these are 109 minutes, longer than two graces can be. */
const STAMP_MS = 100

function stampOf(nowMs: number): number {
  return Math.floor(nowMs / STAMP_MS) % STAMPS
}
