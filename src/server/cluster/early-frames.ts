/**
 * What other nodes said of devices that are not here yet: a device whose admission is still on its
 * way back from Redis may be kicked, or get a push, before this node knows that it has it. Kept for
 * some seconds, one small object for each such device.
 */
const KEPT_MS = 10_000
const DEVICES_MAX = 100_000

export interface EarlyFrame {
  /** Sessions up to this one are to be closed; 0: none. */
  session: number
  code: number
  /** A message up to this number was stored; 0: none. */
  seq: number
  untilMs: number
}

export class EarlyFrames {
  /** Oldest first. */
  readonly #frames = new Map<string, EarlyFrame>()

  noteClose(hash: string, session: number, code: number, nowMs: number): void {
    const frame = this.#frameOf(hash, nowMs)
    if (session < frame.session) return
    frame.session = session
    frame.code = code
  }

  noteStored(hash: string, seq: number, nowMs: number): void {
    const frame = this.#frameOf(hash, nowMs)
    frame.seq = Math.max(frame.seq, seq)
  }

  take(hash: string): EarlyFrame | null {
    if (this.#frames.size === 0) return null
    const frame = this.#frames.get(hash)
    if (frame === undefined) return null
    this.#frames.delete(hash)
    return frame
  }

  prune(nowMs: number): void {
    for (const [hash, { untilMs }] of this.#frames) {
      if (untilMs > nowMs && this.#frames.size <= DEVICES_MAX) return
      this.#frames.delete(hash)
    }
  }

  #frameOf(hash: string, nowMs: number): EarlyFrame {
    let frame = this.#frames.get(hash)
    if (frame === undefined) {
      frame = { session: 0, code: 0, seq: 0, untilMs: nowMs + KEPT_MS }
      this.#frames.set(hash, frame)
    }
    return frame
  }
}
