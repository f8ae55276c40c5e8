/**
 * How many connections a shard takes per second. Beyond it the listener pauses, nobody is refused:
 * the kernel keeps connections in its accept queue, and a device sees a slow handshake instead of
 * an error. At load level 1 and above the pace is slower, whether or not a rate was asked for.
 */
import type { SocketEngine } from '../../engine/socket-engine.ts'
import { TokenBucket } from './token-bucket.ts'

/** How often a paced listener takes what it may: a device waits no longer for its turn. */
const PACE_MS = 20
/** Accepted at once after a rest, in seconds of the rate. */
const BURST_SECONDS = 0.1
/** Share of the connect rate that is left at load level 1 and above. */
const LOADED_SHARE = 0.25

export class AcceptPace {
  readonly #engine: Pick<SocketEngine, 'setAcceptQuota'>
  #perSecond = 0
  #loadedPerSecond = 0
  #loadLevel = 0
  readonly #now: () => number
  #bucket: TokenBucket | null = null
  #timer: NodeJS.Timeout | undefined

  /**
   * `perSecond` 0: no limit until the node is loaded; then a quarter of it, or
   * `loadedPerSecondDefault`.
   */
  constructor(
    engine: Pick<SocketEngine, 'setAcceptQuota'>,
    perSecond: number,
    loadedPerSecondDefault: number,
    now: () => number = () => performance.now(),
  ) {
    this.#engine = engine
    this.#now = now
    this.setRates(perSecond, loadedPerSecondDefault)
  }

  /** As for the constructor; at the load level that is. */
  setRates(perSecond: number, loadedPerSecondDefault: number): void {
    this.#perSecond = perSecond
    this.#loadedPerSecond = perSecond === 0 ? loadedPerSecondDefault : perSecond * LOADED_SHARE
    this.setLoadLevel(this.#loadLevel)
  }

  setLoadLevel(level: number): void {
    this.#loadLevel = level
    const perSecond = level === 0 ? this.#perSecond : this.#loadedPerSecond
    if (perSecond === 0) return this.#unlimit()
    const burst = Math.max(1, perSecond * BURST_SECONDS)
    const nowMs = this.#now()
    this.#bucket = new TokenBucket(perSecond, burst, nowMs)
    // A change of level is no rest: nothing was saved up.
    this.#bucket.take(Math.floor(burst), nowMs)
    this.#grant()
  }

  /** Of the quota that was granted, so many were used. */
  onAccepted(count: number): void {
    if (this.#bucket === null) return
    this.#bucket.take(count, this.#now())
    this.#timer ??= setTimeout(this.#grant, PACE_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Again and again until the bucket is full: a listener at rest costs no timer. */
  readonly #grant = (): void => {
    this.stop()
    if (this.#bucket === null) return
    const available = Math.max(0, this.#bucket.available(this.#now()))
    this.#engine.setAcceptQuota(available)
    if (available < Math.floor(this.#bucket.burst)) this.#timer ??= setTimeout(this.#grant, PACE_MS)
  }

  #unlimit(): void {
    this.stop()
    if (this.#bucket === null) return
    this.#bucket = null
    this.#engine.setAcceptQuota(Number.POSITIVE_INFINITY)
  }
}
