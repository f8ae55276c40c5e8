/**
 * Tells the log what happens to a node: shards that die or fall silent and come back, readiness
 * that changes, a store that fails or is slow, a clock that is set, and refusals and connections
 * cut off, which are counters until there is something to say of them.
 */
import type { ShardExit } from '../../engine/shard-host.ts'
import type { NodeCounters, Readiness } from '../node-control.ts'
import type { StoreHealth } from '../store/commit-queue.ts'
import { clockOffsetMs } from '../steady-clock.ts'
import { CounterWatch } from './counter-watch.ts'
import type { NodeLog } from './node-log.ts'

const LOOK_MS = 1_000
/** A write that takes longer is told: pushes that are to be stored wait for it. */
const SLOW_WRITE_MS = 1_000
/** Above what a loaded host or a leap second makes of two looks at two clocks. */
const CLOCK_STEP_MS = 2_000
/** Ends of connections that say something of devices, or of who only looks like one. */
const TOLD_CLOSES = new Set([
  'too-slow',
  'handshake-timeout',
  'protocol-error',
  'frame-too-large',
  'rate-limited',
])

export interface NodeTroubles {
  readonly store: StoreHealth
  /** Shards that live and do not answer. */
  readonly silentShards: readonly number[]
}

/** Of a PushNode, what is watched. */
export interface WatchedNode {
  onShardLost: (index: number, exit: ShardExit, restartMs: number) => void
  onShardBack: (index: number) => void
  counters(): Pick<NodeCounters, 'hellosRefused' | 'refusals' | 'closes'>
  readiness(): Readiness
  readonly load: { readonly level: number; readonly reason: string }
  readonly troubles: NodeTroubles
}

export class NodeWatch {
  readonly #node: WatchedNode
  readonly #log: NodeLog
  readonly #hellos = new CounterWatch()
  readonly #refusals = new CounterWatch()
  readonly #closes = new CounterWatch()
  #timer: NodeJS.Timeout | undefined
  #wasReady = true
  #levelTold = 0
  readonly #storeFailures = new CounterWatch()
  #wasFailing = false
  #wasSlow = false
  #silentTold: readonly number[] = []
  #clockOffsetMs = clockOffsetMs()

  constructor(node: WatchedNode, log: NodeLog) {
    this.#node = node
    this.#log = log
    node.onShardLost = (index, exit, restartMs) => this.#onShardLost(index, exit, restartMs)
    node.onShardBack = (index) => log.tell('shard-back', `shard ${index} is back`, { shard: index })
  }

  start(): void {
    this.#timer = setInterval(() => this.look(performance.now()), LOOK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  look(nowMs: number): void {
    const { ready, reason } = this.#node.readiness()
    if (ready !== this.#wasReady) {
      this.#wasReady = ready
      if (ready) this.#log.tell('ready', 'ready again')
      else this.#log.tell('not-ready', `not ready: ${reason}`, { reason })
    }
    const { level, reason: cause } = this.#node.load
    if (level !== this.#levelTold) {
      this.#levelTold = level
      const why = level === 0 ? 'all is served again' : cause
      this.#log.tell('load', `load level ${level}: ${why}`, { loadLevel: level })
    }
    const { store, silentShards } = this.#node.troubles
    this.#lookAtStore(store, nowMs)
    this.#lookAtShards(silentShards)
    this.#lookAtClock()
    const { hellosRefused, refusals, closes } = this.#node.counters()
    for (const { name, count } of this.#hellos.look(hellosRefused, nowMs)) {
      this.#log.tell('refused', `refused ${count} devices: ${name}`, { reason: name, count })
    }
    for (const { name, count } of this.#refusals.look(refusals, nowMs)) {
      this.#log.tell('refused', `refused ${count}: ${name}`, { reason: name, count })
    }
    for (const { name, count } of this.#closes.look(closes, nowMs)) {
      if (!TOLD_CLOSES.has(name)) continue
      this.#log.tell('closed', `cut off ${count} connections: ${name}`, { cause: name, count })
    }
  }

  #lookAtShards(silent: readonly number[]): void {
    for (const shard of silent.filter((index) => !this.#silentTold.includes(index))) {
      const what = `shard ${shard} does not answer; what is for its devices waits for it`
      this.#log.tell('shard-silent', what, { shard })
    }
    for (const shard of this.#silentTold.filter((index) => !silent.includes(index))) {
      this.#log.tell('shard-heard', `shard ${shard} is silent no more`, { shard })
    }
    this.#silentTold = silent
  }

  #lookAtClock(): void {
    const offsetMs = clockOffsetMs()
    const stepMs = Math.round(offsetMs - this.#clockOffsetMs)
    if (Math.abs(stepMs) < CLOCK_STEP_MS) return
    this.#clockOffsetMs = offsetMs
    const way = stepMs > 0 ? 'forward' : 'back'
    const seconds = (Math.abs(stepMs) / 1_000).toFixed(1)
    const what = `the clock of this host was set ${way} by ${seconds} s; expiry follows it`
    this.#log.tell('clock', what, { stepMs })
  }

  #lookAtStore(health: StoreHealth, nowMs: number): void {
    const { writesFailed, failure, isFailing, stalledMs } = health
    for (const { count } of this.#storeFailures.look({ writes: writesFailed }, nowMs)) {
      const what = `${count} writes of the store failed, their pushes were refused: ${failure}`
      this.#log.tell('store-failed', what, { code: 'PUSHCTL_STORE_FAILED', count })
    }
    if (this.#wasFailing && !isFailing) {
      this.#log.tell('store-back', 'the store writes again; stored pushes are taken')
    }
    this.#wasFailing = isFailing
    const isSlow = stalledMs >= SLOW_WRITE_MS
    if (isSlow && !this.#wasSlow) {
      const seconds = (stalledMs / 1_000).toFixed(1)
      const what = `a write of the store has taken ${seconds} s so far; stored pushes wait for it`
      this.#log.tell('store-slow', what, { stalledMs: Math.round(stalledMs) })
    }
    if (this.#wasSlow && !isSlow && !isFailing) {
      this.#log.tell('store-fast', 'the store answers again; what waited for it is written')
    }
    this.#wasSlow = isSlow
  }

  #onShardLost(shard: number, exit: ShardExit, restartMs: number): void {
    this.#silentTold = this.#silentTold.filter((index) => index !== shard)
    const how = exit.signal ?? exit.error?.message ?? String(exit.code)
    const again = restartMs < 0 ? '' : `; it starts again in ${restartMs / 1_000} s`
    this.#log.tell(
      'shard-lost',
      `shard ${shard} is lost (${how}); its devices must come back${again}`,
      { shard, cause: how, restartMs },
    )
  }
}
