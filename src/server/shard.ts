/**
 * A shard: the connections of one engine, from accept to BYE. It moves bytes and keeps sessions;
 * who may come in, who is where and what is pushed is decided by the main thread, in batches
 * (shard-messages.ts).
 *
 *   engine ─► FrameInput ─► DeviceFrames ─► FrameOutput ─► engine
 *                 │ faults       │ HELLO
 *                 ▼              ▼
 *              dismiss       JoinBatches ─► main ─► verdicts ─► WELCOME, or BYE
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { chooseEngine } from '../engine/create-engine.ts'
import { HeapTrim } from '../engine/heap-trim.ts'
import type { EngineHandler, ReceiveBatch, Slot, SocketEngine } from '../engine/socket-engine.ts'
import type { TimerWheel } from '../engine/timer-wheel.ts'
import { BYE, WELCOME_FLAG } from '../protocol/frame-types.ts'
import { WELCOME_BYTES_MAX, type WelcomeFields, writeWelcome } from '../protocol/frame-writer.ts'
import { AlignedTicker } from '../stats/aligned-ticker.ts'
import type { ShardLog } from './broadcast/shard-log.ts'
import { LogOrders } from './broadcast/log-orders.ts'
import type { BroadcastQueue } from './broadcast-queue.ts'
import { ByeAddresses } from './bye-addresses.ts'
import { describeDevice } from './device-description.ts'
import type { DeviceFrames } from './device-frames.ts'
import type { DrainPace } from './drain-pace.ts'
import type { FrameInput } from './frame-input.ts'
import type { FrameOutput } from './frame-output.ts'
import { VERDICT } from './guard/address-gate.ts'
import type { ShardGuard } from './guard/shard-guard.ts'
import type { DeviceSignals } from './inbox/device-signals.ts'
import { StoredDelivery } from './inbox/stored-delivery.ts'
import type { HeartbeatGrants } from './heartbeat-grants.ts'
import type { JoinBatches } from './join-batches.ts'
import { takeCensus } from './session-census.ts'
import type { SessionEnds } from './session-ends.ts'
import { CARRIER, SESSION_PHASE, type SessionTable } from './session-table.ts'
import { type SessionTimers, TICK_MS } from './session-timers.ts'
import type {
  ListenerCarrier,
  ShardConfiguration,
  ShardDown,
  ShardListener,
  ShardSample,
  ShardUp,
} from './shard-messages.ts'
import { createShardParts, type EngineMaker, type ShardParts } from './shard-parts.ts'
import { tuneShard } from './shard-tuning.ts'
import type { TagIndex } from './tag-index.ts'
import type { ShardUpstream } from './upstream/shard-upstream.ts'
import { ThreadGauge } from './thread-gauge.ts'

/** The engine gives up a connection that does not end after its linger time, 2 s. */
const STOP_MS_MAX = 2_500
const LOOK_MS = 10

export class Shard implements EngineHandler {
  readonly #configuration: ShardConfiguration
  readonly #post: (message: ShardUp) => void
  readonly #tunable: ShardParts
  readonly #engine: SocketEngine
  readonly #sessions: SessionTable
  readonly #tags: TagIndex
  readonly #wheel: TimerWheel
  readonly #input: FrameInput
  readonly #output: FrameOutput
  readonly #frames: DeviceFrames
  readonly #joins: JoinBatches
  readonly #signals: DeviceSignals
  readonly #ends: SessionEnds
  readonly #upstream: ShardUpstream
  readonly #timers: SessionTimers
  readonly #broadcasts: BroadcastQueue
  readonly #log: ShardLog
  readonly #logOrders: LogOrders
  readonly #stored: StoredDelivery
  readonly #drain: DrainPace
  readonly #guard: ShardGuard
  readonly #heartbeats: HeartbeatGrants
  readonly #carrierOfListener: ListenerCarrier[] = []
  readonly #gauge: ThreadGauge
  readonly #heapTrim = new HeapTrim()
  readonly #startedMs = performance.now()
  readonly #welcome: WelcomeFields
  readonly #ticker: AlignedTicker
  #messagesSent = 0

  constructor(
    configuration: ShardConfiguration,
    post: (message: ShardUp) => void,
    makeEngine?: EngineMaker,
  ) {
    const parts = createShardParts(configuration, this, post, makeEngine)
    this.#configuration = configuration
    this.#tunable = parts
    this.#post = post
    // All shards of all nodes of a host are best apart; which comes when does not matter.
    const phase = Math.random()
    this.#gauge = new ThreadGauge(configuration.loopLagTickMs, phase)
    this.#ticker = new AlignedTicker(TICK_MS, phase, () => this.#tick())
    this.#engine = parts.engine
    this.#sessions = parts.sessions
    this.#tags = parts.tags
    this.#wheel = parts.wheel
    this.#joins = parts.joins
    this.#signals = parts.signals
    this.#output = parts.output
    this.#ends = parts.ends
    this.#upstream = parts.upstream
    this.#timers = parts.timers
    this.#frames = parts.frames
    this.#input = parts.input
    this.#broadcasts = parts.broadcasts
    this.#log = parts.log
    this.#logOrders = new LogOrders(parts.log, parts.broadcasts, post)
    this.#stored = new StoredDelivery(parts)
    this.#drain = parts.drain
    this.#guard = parts.guard
    this.#heartbeats = parts.heartbeats
    this.#welcome = {
      flags: 0,
      heartbeatSeconds: 0,
      serverTimeMs: 0,
      inboxSeq: 0,
      broadcastSeq: 0,
      sessionIdHigh: configuration.bootId,
      sessionIdLow: 0,
    }
  }

  /** Opens the listeners; throws PushctlError where one cannot be had. */
  async start(): Promise<void> {
    const configuration = this.#configuration
    const opened: ShardListener[] = []
    for (const listener of configuration.listeners) {
      const { id, host, port } = await this.#engine.listen({
        host: listener.host,
        port: listener.port,
        backlog: configuration.backlog,
        reusePort: configuration.reusePort,
        ...(listener.tls ? { tls: listener.tls } : {}),
      })
      this.#carrierOfListener[id] = listener.carrier
      opened.push({ carrier: listener.carrier, host, port })
    }
    this.#gauge.start()
    this.#ticker.start()
    const { kind } = chooseEngine(configuration.engine)
    this.#post({ kind: 'listening', listeners: opened, engine: kind })
  }

  onMessage(message: ShardDown): void {
    switch (message.kind) {
      case 'verdicts':
        this.#onVerdicts(message)
        break
      case 'close':
        this.#onCloseRows(message)
        break
      case 'deliver':
        this.#onDeliver(message)
        break
      case 'deliver-stored':
        this.#messagesSent += this.#stored.deliver(message)
        break
      case 'sent':
        this.#upstream.onAnswers(message)
        break
      case 'device-events':
        this.#upstream.deviceEvents = message.isOn
        break
      case 'broadcast':
        this.#onBroadcast(message.requestId, message.tag, message.payload)
        break
      case 'log':
      case 'log-entry':
      case 'log-state':
      case 'log-drop':
      case 'log-payloads':
        this.#logOrders.apply(message)
        break
      case 'describe-device':
        this.#post({
          kind: 'device',
          requestId: message.requestId,
          state: describeDevice(this.#parts(), message),
        })
        break
      case 'drain':
        this.#ends.addresses = new ByeAddresses(message.addresses)
        this.#drain.start(message.devicesPerSecond, message.code, message.devicesMax)
        break
      case 'drain-rate':
        this.#drain.setRate(message.devicesPerSecond)
        break
      case 'drain-stop':
        this.#drain.stop()
        break
      case 'bind':
        this.#onBind(message)
        break
      case 'load':
        this.#guard.setLoadLevel(message.level)
        this.#broadcasts.hold(this.#guard.defersBulk)
        break
      case 'tune':
        tuneShard(this.#tunable, message)
        break
      case 'sample': {
        const { requestId, withHistograms } = message
        const sample = this.sample(withHistograms)
        this.#post({ kind: 'sample', requestId, sample })
        // Those without are the regular ones.
        if (!withHistograms) this.#heapTrim.observe(sample.totals.connectionsAccepted)
        break
      }
    }
    this.#engine.flush()
    this.#joins.flush()
  }

  /** Sends away who is still there, and lets them read it: as long as the engine lingers. */
  async stop(): Promise<void> {
    this.#carrierOfListener.forEach((_, id) => this.#engine.closeListener(id))
    this.#drain.stop()
    this.#guard.stop()
    this.#broadcasts.stop()
    for (let slot = 0; slot < this.#sessions.usedEnd; slot++) {
      this.#ends.dismiss(slot, BYE.SHUTDOWN)
    }
    const stopBeforeMs = performance.now() + STOP_MS_MAX
    while (this.#engine.openCount > 0 && performance.now() < stopBeforeMs) await sleep(LOOK_MS)
    this.#ticker.stop()
    this.#gauge.stop()
    await this.#engine.destroy()
  }

  sample(withHistograms: boolean): ShardSample {
    const { counters } = this.#engine
    const totals = {
      connectionsAccepted: counters.accepted,
      connectionsOpen: this.#engine.openCount,
      devicesOnline: this.#sessions.joinedCount,
      framesReceived: this.#frames.framesReceived,
      messagesSent:
        this.#messagesSent +
        this.#frames.messagesSent +
        this.#broadcasts.delivered +
        this.#log.messagesSent,
      heartbeats: this.#frames.heartbeats,
      bytesReceived: counters.bytesReceived,
      bytesSent: counters.bytesSent,
      bufferedBytes: this.#engine.bufferedBytes,
      acceptsDeferred: counters.acceptsDeferred,
      closes: { ...this.#ends.closes },
      refusals: this.#guard.refusals.snapshot(),
    }
    const census = withHistograms ? takeCensus(this.#sessions, this.#engine.openCount) : null
    return { ...this.#gauge.sample(totals, withHistograms), census }
  }

  onAccept(slots: Int32Array, count: number, listenerId: number): void {
    const isTcp = this.#carrierOfListener[listenerId] === 'tcp'
    const phase = isTcp ? SESSION_PHASE.AWAITING_HELLO : SESSION_PHASE.UPGRADING
    const carrier = isTcp ? CARRIER.TCP : CARRIER.WS_JSON
    const tick = this.#wheel.nowTick
    const { addresses } = this.#guard
    this.#guard.onAccepted(slots, count)
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      this.#sessions.begin(slot, phase, carrier, tick)
      this.#timers.startHandshake(slot)
      if (addresses === null) continue
      const verdict = addresses.admit(slot)
      if (verdict === VERDICT.DENIED) this.#ends.cut(slot, 'address-denied')
      else if (verdict === VERDICT.TOO_MANY) this.#ends.dismiss(slot, BYE.RATE_LIMITED)
      else if (verdict === VERDICT.AWAIT_HEADER) {
        this.#sessions.phaseOf[slot] = SESSION_PHASE.PROXY_HEADER
      }
    }
  }

  onConnect(): void {
    throw new Error('a push node opens no connections')
  }

  onReceive(batch: ReceiveBatch): void {
    this.#input.readBatch(batch, this.#wheel.nowTick)
    this.#joins.flush()
    this.#signals.flush()
  }

  onOverflow(slots: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#ends.dismiss(slots[i], BYE.TOO_SLOW)
    this.#joins.flush()
  }

  onClose(slots: Int32Array, reasons: Uint8Array, _errnos: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#ends.onClosed(slots[i], reasons[i])
    }
    this.#joins.flush()
  }

  #onVerdicts(message: Extract<ShardDown, { kind: 'verdicts' }>): void {
    const { slots, generations, codes, sessionIds, inboxSeqs, resumed } = message
    const places = message.places?.map((addresses) => new ByeAddresses(addresses))
    let admitted = 0
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]
      if (!this.#isCurrent(slot, generations[i])) continue
      if (this.#sessions.phaseOf[slot] !== SESSION_PHASE.JOINING) continue
      if (codes[i] === BYE.WRONG_NODE) this.#ends.dismiss(slot, codes[i], places?.[sessionIds[i]])
      else if (codes[i] !== 0) this.#ends.dismiss(slot, codes[i])
      else {
        this.#admit(slot, sessionIds[i], inboxSeqs[i], resumed[i] === 1)
        slots[admitted++] = slot
      }
    }
    // What the devices sent behind their HELLO has waited for this.
    if (admitted > 0) this.#engine.redeliver(slots, admitted)
  }

  #admit(slot: Slot, sessionId: number, inboxSeq: number, isResumed: boolean): void {
    const { heartbeatSeconds } = this.#sessions
    this.#sessions.setJoined(slot, sessionId, this.#wheel.nowTick)
    this.#welcome.heartbeatSeconds = heartbeatSeconds[slot]
    this.#welcome.serverTimeMs = Date.now()
    this.#welcome.sessionIdLow = sessionId
    this.#welcome.inboxSeq = inboxSeq
    this.#welcome.broadcastSeq = this.#log.headSeq
    const sealed = this.#output.isShareable(slot) ? 0 : WELCOME_FLAG.SEALED
    this.#welcome.flags = (isResumed ? WELCOME_FLAG.RESUMED : 0) | sealed
    const at = this.#output.open(slot, WELCOME_BYTES_MAX)
    this.#output.send(slot, writeWelcome(this.#output.bytes, at, this.#welcome))
    this.#timers.startHeartbeat(slot)
    this.#upstream.addOnline(slot)
    this.#log.catchUp(slot)
  }

  #onCloseRows({ slots, generations, codes }: Extract<ShardDown, { kind: 'close' }>): void {
    for (let i = 0; i < slots.length; i++) {
      if (this.#isCurrent(slots[i], generations[i])) this.#ends.dismiss(slots[i], codes[i])
    }
  }

  #onBind({ slot, generation, tags }: Extract<ShardDown, { kind: 'bind' }>): void {
    if (!this.#isCurrent(slot, generation)) return
    for (const tag of tags) this.#tags.bind(slot, tag)
    this.#sessions.hasBound[slot] = 1
  }

  #onDeliver(message: Extract<ShardDown, { kind: 'deliver' }>): void {
    const { slots, generations, payloadEnds, payloads } = message
    const output = this.#output
    let start = 0
    for (let i = 0; i < slots.length; i++) {
      const end = payloadEnds[i]
      const slot = slots[i]
      const isHere = this.#isCurrent(slot, generations[i]) && this.#sessions.isJoined(slot)
      if (isHere && this.#guard.admitsPush(slot)) {
        output.sendMsg(slot, 0, 0, payloads, start, end)
        this.#messagesSent++
      }
      start = end
    }
  }

  #onBroadcast(requestId: number, tag: string | null, payload: Uint8Array): void {
    const members = tag === null ? null : this.#tags.membersOf(tag)
    const receivers = this.#broadcasts.start(payload, members)
    this.#post({ kind: 'broadcast-started', requestId, receivers })
  }

  #isCurrent(slot: Slot, generation: number): boolean {
    return this.#engine.generationOf(slot) === generation && !this.#sessions.isFree(slot)
  }

  #tick(): void {
    const nowMs = performance.now()
    this.#timers.advance(nowMs - this.#startedMs)
    this.#heartbeats.review(nowMs)
    this.#log.report()
    this.#engine.flush()
    this.#joins.flush()
  }

  #parts() {
    return {
      shard: this.#configuration.index,
      engine: this.#engine,
      addressOf: (slot: Slot) => this.#guard.addressOf(slot),
      sessions: this.#sessions,
      tags: this.#tags,
      tick: this.#wheel.nowTick,
      tickMs: TICK_MS,
      bootId: this.#configuration.bootId,
    }
  }
}
