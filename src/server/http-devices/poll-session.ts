/**
 * A device on GET /v1/poll: its session lives on between requests, and what comes in the meantime
 * waits in a bounded queue. A device that does not ask again in time is gone.
 */
import type { FrameReader } from '../../protocol/frame-reader.ts'
import { BYE, FRAME } from '../../protocol/frame-types.ts'
import type { DeliveryCursor } from './delivery-cursor.ts'
import { HttpDevice, type HelloOfHttp } from './http-device.ts'
import type { HttpEngine } from './http-engine.ts'

/** From the answer of one poll to the next request. */
const ABSENT_MS_MAX = 30_000

export interface PollAnswer {
  readonly session: string
  /** JSON of each frame. */
  readonly frames: readonly string[]
  readonly answered: DeliveryCursor
  /** BYE.UNAUTHORIZED where the node did not let the device in, else 0. */
  readonly refusedWith: number
}

export class PollSession extends HttpDevice {
  readonly carrier = 'poll'
  /** As far as the answers went: what waits in the queue is not in it. */
  answered: DeliveryCursor
  #frames: string[] = []
  #queuedBytes = 0
  #refusedWith = 0
  #waiting: ((answer: PollAnswer) => void) | null = null
  #waitTimer: NodeJS.Timeout | undefined
  #absentTimer: NodeJS.Timeout | undefined

  constructor(engine: HttpEngine, hello: HelloOfHttp) {
    super(engine, hello)
    this.answered = hello.cursor
    this.#awaitRequest()
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** The next frames, or none after waitMs. An earlier request that still waits is answered. */
  poll(waitMs: number): Promise<PollAnswer> {
    clearTimeout(this.#absentTimer)
    this.#answer()
    return new Promise((resolve) => {
      this.#waiting = resolve
      if (this.#frames.length > 0 || this.isOver) this.#answer()
      else this.#waitTimer = setTimeout(() => this.#answer(), waitMs)
    })
  }

  /** The client of the request that waits went away: what comes must not be lost with it. */
  abandon(): void {
    clearTimeout(this.#waitTimer)
    const { session, answered } = this
    this.#waiting?.({ session, frames: [], answered, refusedWith: this.#refusedWith })
    this.#waiting = null
    this.#awaitRequest()
  }

  protected take(type: number, json: string, frame: FrameReader): void {
    if (type === FRAME.BYE && this.session === '' && frame.code === BYE.UNAUTHORIZED) {
      this.#refusedWith = frame.code
    }
    this.#frames.push(json)
    this.#queuedBytes += json.length
    // What this turn brings belongs into one answer.
    if (this.#frames.length === 1) setImmediate(() => this.#answer())
  }

  protected finish(): void {
    clearTimeout(this.#absentTimer)
    setImmediate(() => this.#answer())
  }

  #answer(): void {
    const resolve = this.#waiting
    if (resolve === null) return
    clearTimeout(this.#waitTimer)
    this.#waiting = null
    const frames = this.#frames
    this.#frames = []
    this.#queuedBytes = 0
    this.answered = this.served
    this.#awaitRequest()
    resolve({
      session: this.session,
      frames,
      answered: this.answered,
      refusedWith: this.#refusedWith,
    })
  }

  #awaitRequest(): void {
    clearTimeout(this.#absentTimer)
    if (!this.isOver) this.#absentTimer = setTimeout(() => this.leave(), ABSENT_MS_MAX)
  }
}
