/**
 * How long a silence the devices of each kind of network can be granted. Middle boxes forget idle
 * connections after a time that nobody tells; too long a grant loses devices, too short a one costs
 * battery and traffic. So the node tries: a network whose heartbeats come back after long silences
 * is granted a tenth more, one that loses devices a fifth less, and a length that failed is not
 * tried again for an hour. Pure: the caller brings the clock.
 *
 *   network │ grant s │ kept │ lost │ seen │ failed at s │ until ms
 *   wifi    │     330 │  212 │    3 │   40 │         ·   │        ·    next: 363
 *   2G      │     240 │   80 │   31 │    0 │       300   │ 3_600_000   next: 192
 *
 * Devices also vanish for other reasons (switched off, out of range), so a share of losses is
 * normal and only many are a sign.
 */
import { NETWORK } from '../protocol/frame-types.ts'

export interface HeartbeatBounds {
  readonly secondsMin: number
  readonly secondsMax: number
}

const NETWORKS = 7
const REVIEW_MS = 60_000
/** Fewer heartbeats than this say nothing. */
const EVIDENCE_MIN = 50
const LOSS_SHARE_HIGH = 0.2
const LOSS_SHARE_LOW = 0.05
const GROW = 1.1
const SHRINK = 0.8
/** Kept below a length that failed, and how long. */
const BELOW_FAILED = 0.95
const FAILED_MS = 3_600_000
/** A heartbeat counts as kept when the silence before it was about the grant. */
const SILENCE_SHARE_MIN = 0.8
/** A loss counts against the grant unless the device had been granted much more. */
const LOST_GRANT_MAX = 1.25

/** What the source systems use: 5 minutes on 2G and 3G, up to 8 on wifi. */
const LIMITS_BY_NETWORK: Readonly<Record<number, { start: number; max: number }>> = {
  [NETWORK.G2]: { start: 300, max: 300 },
  [NETWORK.G3]: { start: 300, max: 300 },
  [NETWORK.WIRED]: { start: 480, max: Number.POSITIVE_INFINITY },
}
const ANY_NETWORK = { start: 300, max: Number.POSITIVE_INFINITY }

export class HeartbeatLearner {
  #bounds: HeartbeatBounds
  readonly #grants = new Float64Array(NETWORKS)
  readonly #kept = new Uint32Array(NETWORKS)
  readonly #lost = new Uint32Array(NETWORKS)
  /** Devices that say they have seen a longer silence survive than is granted. */
  readonly #seen = new Uint32Array(NETWORKS)
  readonly #failedSeconds = new Float64Array(NETWORKS).fill(Number.POSITIVE_INFINITY)
  readonly #failedUntilMs = new Float64Array(NETWORKS)
  #reviewedAtMs: number

  constructor(bounds: HeartbeatBounds, nowMs: number) {
    this.#bounds = bounds
    this.#reviewedAtMs = nowMs
    for (let network = 0; network < NETWORKS; network++) {
      this.#grants[network] = this.#within(network, limitsOf(network).start)
    }
  }

  /** What was learned stands, as far as it is within. */
  setBounds(bounds: HeartbeatBounds): void {
    this.#bounds = bounds
    for (let network = 0; network < NETWORKS; network++) {
      this.#grants[network] = this.#within(network, this.#grants[network])
    }
  }

  /** Whole seconds for a device that lets the node choose. */
  grantFor(network: number): number {
    return Math.round(this.#grants[network])
  }

  /** A heartbeat came back after `silenceSeconds`. */
  onKept(network: number, silenceSeconds: number): void {
    if (silenceSeconds >= this.#grants[network] * SILENCE_SHARE_MIN) this.#kept[network]++
  }

  /** A device was silent for too long. */
  onLost(network: number, grantedSeconds: number): void {
    if (grantedSeconds <= this.#grants[network] * LOST_GRANT_MAX) this.#lost[network]++
  }

  /** `observedIdleSeconds` of a PING: the longest silence that the device has seen survive. */
  onObserved(network: number, idleSeconds: number): void {
    if (idleSeconds >= this.#grants[network] * GROW) this.#seen[network]++
  }

  /** To be called often; looks at the evidence once a minute. True: some grant has changed. */
  review(nowMs: number): boolean {
    if (nowMs - this.#reviewedAtMs < REVIEW_MS) return false
    this.#reviewedAtMs = nowMs
    let changed = false
    for (let network = 0; network < NETWORKS; network++) {
      if (this.#reviewOf(network, nowMs)) changed = true
    }
    return changed
  }

  #reviewOf(network: number, nowMs: number): boolean {
    const lost = this.#lost[network]
    const good = this.#kept[network] + this.#seen[network]
    // Evidence is gathered until there is enough.
    if (lost + good < EVIDENCE_MIN) return false
    const lossShare = lost / (lost + good)
    this.#kept[network] = 0
    this.#lost[network] = 0
    this.#seen[network] = 0
    if (nowMs >= this.#failedUntilMs[network]) {
      this.#failedSeconds[network] = Number.POSITIVE_INFINITY
    }
    const before = this.#grants[network]
    if (lossShare >= LOSS_SHARE_HIGH) {
      this.#failedSeconds[network] = before
      this.#failedUntilMs[network] = nowMs + FAILED_MS
      this.#grants[network] = this.#within(network, before * SHRINK)
    } else if (lossShare <= LOSS_SHARE_LOW) {
      const below = this.#failedSeconds[network] * BELOW_FAILED
      this.#grants[network] = Math.max(
        before,
        this.#within(network, Math.min(before * GROW, below)),
      )
    }
    return this.#grants[network] !== before
  }

  #within(network: number, seconds: number): number {
    const { secondsMin, secondsMax } = this.#bounds
    const most = Math.min(limitsOf(network).max, secondsMax)
    return Math.max(secondsMin, Math.min(seconds, most))
  }
}

function limitsOf(network: number): { start: number; max: number } {
  return LIMITS_BY_NETWORK[network] ?? ANY_NETWORK
}
