/**
 * A shard: the connections of one engine, from accept to BYE. It moves bytes and keeps sessions; who may come in, who is
 * where and what is pushed is decided by the main thread, in batches (shard-messages.ts).
 *
 *   engine ─► FrameInput ─► DeviceFrames ─► FrameOutput ─► engine
 *                 │ faults       │ HELLO
 *                 ▼              ▼
 *              dismiss       JoinBatches ─► main ─► verdicts ─► WELCOME, or BYE
 */
import { chooseEngine, createEngine } from '../engine/create-engine.ts'
import {
  CLOSE_REASON,
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type ReceiveBatch,
  type Slot,
  type SocketEngine,
} from '../engine/socket-engine.ts'
import { TimerWheel } from '../engine/timer-wheel.ts'
import { BYE, byeReason } from '../protocol/frame-types.ts'
import {
  msgBytesMax,
  WELCOME_BYTES_MAX,
  type WelcomeFields,
  writeMsg,
  writeWelcome,
} from '../protocol/frame-writer.ts'
import { GcRecorder } from '../stats/gc-recorder.ts'
import { LoopLagRecorder } from '../stats/loop-lag-recorder.ts'
import { BroadcastQueue } from './broadcast-queue.ts'
import { describeDevice } from './device-description.ts'
import { DeviceFrames } from './device-frames.ts'
import { DrainPace } from './drain-pace.ts'
import { FrameInput } from './frame-input.ts'
import { FrameOutput } from './frame-output.ts'
import { JoinBatches } from './join-batches.ts'
import { CARRIER, SESSION_PHASE, SessionTable } from './session-table.ts'
import type {
  ListenerCarrier,
  ShardConfiguration,
  ShardDown,
  ShardListener,
  ShardSample,
  ShardUp,
} from './shard-messages.ts'
import { TagIndex } from './tag-index.ts'

/** Resolution of heartbeats and handshake limits. */
export const TICK_MS = 500
/** A heartbeat may be half an interval late before the connection counts as lost. */
const HEARTBEAT_GRACE = 1.5
/** What a device that must back off is told; its own jitter comes on top. */
const RETRY_AFTER_MS = 5_000

export class Shard implements EngineHandler {
  readonly #configuration: ShardConfiguration
  readonly #post: (message: ShardUp) => void
  readonly #engine: SocketEngine
  readonly #sessions: SessionTable
  readonly #tags: TagIndex
  readonly #wheel: TimerWheel
  readonly #input: FrameInput
  readonly #output: FrameOutput
  readonly #frames: DeviceFrames
  readonly #joins: JoinBatches
  readonly #broadcasts: BroadcastQueue
  readonly #drain: DrainPace
  readonly #carrierOfListener: ListenerCarrier[] = []
  readonly #closes: Record<string, number> = {}
  readonly #gc = new GcRecorder()
  readonly #lag = new LoopLagRecorder()
  readonly #startedMs = performance.now()
  readonly #handshakeTicks: number
  readonly #welcome: WelcomeFields
  #ticker: NodeJS.Timeout | undefined
  #messagesSent = 0

  constructor(configuration: ShardConfiguration, post: (message: ShardUp) => void) {
    const { capacity, limits } = configuration
    this.#configuration = configuration
    this.#post = post
    this.#engine = createEngine(
      configuration.engine,
      {
        ...DEFAULT_ENGINE_OPTIONS,
        capacity,
        sendQueueBytesMax: limits.sendQueueBytesMax,
        bufferedBytesMax: limits.bufferedBytesMax,
        keptBytesMax: limits.frameBytesMax + KEPT_OVERHEAD_BYTES,
      },
      this,
    )
    this.#sessions = new SessionTable(capacity)
    this.#tags = new TagIndex(capacity)
    this.#wheel = new TimerWheel(capacity)
    this.#joins = new JoinBatches(configuration.hashKey, post)
    this.#output = new FrameOutput(this.#engine, this.#sessions, limits.frameBytesMax)
    this.#frames = new DeviceFrames({
      engine: this.#engine,
      sessions: this.#sessions,
      tags: this.#tags,
      output: this.#output,
      joins: this.#joins,
      wheel: this.#wheel,
      heartbeat: {
        secondsMin: configuration.heartbeatSecondsMin,
        secondsMax: configuration.heartbeatSecondsMax,
        secondsDefault: configuration.heartbeatSecondsDefault,
      },
      dismiss: (slot, code) => this.#dismiss(slot, code),
    })
    this.#input = new FrameInput(this.#engine, this.#sessions, limits.frameBytesMax, {
      onFrame: (slot, frame, bytes) => this.#frames.onFrame(slot, frame, bytes),
      onFault: (slot, code) => this.#dismiss(slot, code),
      onWebSocketFault: (slot, closeCode) => this.#endWebSocket(slot, closeCode, 'websocket-fault'),
      onWebSocketClose: (slot, closeCode) => this.#endWebSocket(slot, closeCode, 'websocket-close'),
      onUpgradeRefused: (slot, status) => this.#end(slot, `http-${status}`),
    })
    this.#broadcasts = new BroadcastQueue(
      this.#engine,
      this.#sessions,
      this.#output,
      configuration.broadcastPerSecond,
    )
    this.#drain = new DrainPace(
      this.#sessions,
      (slot, code) => this.#dismiss(slot, code),
      () => this.#post({ kind: 'drained' }),
    )
    this.#handshakeTicks = Math.ceil(limits.handshakeMs / TICK_MS)
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
    this.#gc.start()
    this.#lag.start()
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    const { kind, why } = chooseEngine(configuration.engine)
    this.#post({ kind: 'listening', listeners: opened, engine: kind, engineWhy: why })
  }

  onMessage(message: ShardDown): void {
    switch (message.kind) {
      case 'verdicts':
        this.#onVerdicts(message)
        break
      case 'close':
        for (let i = 0; i < message.slots.length; i++) {
          if (this.#isCurrent(message.slots[i], message.generations[i])) {
            this.#dismiss(message.slots[i], message.codes[i])
          }
        }
        break
      case 'deliver':
        this.#onDeliver(message)
        break
      case 'broadcast':
        this.#onBroadcast(message.requestId, message.tag, message.payload)
        break
      case 'describe-device':
        this.#post({
          kind: 'device',
          requestId: message.requestId,
          state: describeDevice(this.#parts(), message),
        })
        break
      case 'drain':
        this.#drain.start(message.devicesPerSecond, message.code, message.addresses)
        break
      case 'sample':
        this.#post({ kind: 'sample', requestId: message.requestId, sample: this.sample() })
        break
    }
    this.#engine.flush()
    this.#joins.flush()
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticker)
    this.#drain.stop()
    this.#broadcasts.stop()
    this.#gc.stop()
    this.#lag.stop()
    await this.#engine.destroy()
  }

  sample(): ShardSample {
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    const { counters } = this.#engine
    return {
      totals: {
        connectionsAccepted: counters.accepted,
        connectionsOpen: this.#engine.openCount,
        devicesOnline: this.#sessions.joinedCount,
        framesReceived: this.#frames.framesReceived,
        messagesSent: this.#messagesSent + this.#frames.messagesSent + this.#broadcasts.delivered,
        heartbeats: this.#frames.heartbeats,
        bytesReceived: counters.bytesReceived,
        bytesSent: counters.bytesSent,
        bufferedBytes: this.#engine.bufferedBytes,
        acceptsDeferred: counters.acceptsDeferred,
        closes: { ...this.#closes },
      },
      gc: this.#gc.snapshot(),
      loopLag: this.#lag.recorder.encode(),
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
      cpuUs: cpu.user + cpu.system,
    }
  }

  // ---- what the engine calls ------------------------------------------------------------------------------------

  onAccept(slots: Int32Array, count: number, listenerId: number): void {
    const isTcp = this.#carrierOfListener[listenerId] === 'tcp'
    const phase = isTcp ? SESSION_PHASE.AWAITING_HELLO : SESSION_PHASE.UPGRADING
    const carrier = isTcp ? CARRIER.TCP : CARRIER.WS_JSON
    const tick = this.#wheel.nowTick
    for (let i = 0; i < count; i++) {
      this.#sessions.begin(slots[i], phase, carrier, tick)
      this.#wheel.schedule(slots[i], this.#handshakeTicks)
    }
  }

  onConnect(): void {
    throw new Error('a push node opens no connections')
  }

  onReceive(batch: ReceiveBatch): void {
    this.#input.readBatch(batch, this.#wheel.nowTick)
    this.#joins.flush()
  }

  onOverflow(slots: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#dismiss(slots[i], BYE.TOO_SLOW)
    this.#joins.flush()
  }

  onClose(slots: Int32Array, reasons: Uint8Array, _errnos: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#sessions.isFree(slots[i])) continue
      this.#count(CLOSE_NAMES[reasons[i]])
      this.#release(slots[i])
    }
    this.#joins.flush()
  }

  // ---- what the main thread asks for ----------------------------------------------------------------------------

  #onVerdicts(message: Extract<ShardDown, { kind: 'verdicts' }>): void {
    const { slots, generations, codes, sessionIds } = message
    let admitted = 0
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]
      if (!this.#isCurrent(slot, generations[i])) continue
      if (this.#sessions.phaseOf[slot] !== SESSION_PHASE.JOINING) continue
      if (codes[i] !== 0) this.#dismiss(slot, codes[i])
      else {
        this.#admit(slot, sessionIds[i])
        slots[admitted++] = slot
      }
    }
    // What the devices sent behind their HELLO has waited for this.
    if (admitted > 0) this.#engine.redeliver(slots, admitted)
  }

  #admit(slot: Slot, sessionId: number): void {
    const { heartbeatSeconds } = this.#sessions
    this.#sessions.setJoined(slot, sessionId, this.#wheel.nowTick)
    this.#welcome.heartbeatSeconds = heartbeatSeconds[slot]
    this.#welcome.serverTimeMs = Date.now()
    this.#welcome.sessionIdLow = sessionId
    const at = this.#output.open(slot, WELCOME_BYTES_MAX)
    this.#output.send(slot, writeWelcome(this.#output.bytes, at, this.#welcome))
    this.#wheel.schedule(slot, this.#heartbeatTicks(slot))
  }

  #onDeliver(message: Extract<ShardDown, { kind: 'deliver' }>): void {
    const { slots, generations, payloadEnds, payloads } = message
    const output = this.#output
    let start = 0
    for (let i = 0; i < slots.length; i++) {
      const end = payloadEnds[i]
      const slot = slots[i]
      if (this.#isCurrent(slot, generations[i]) && this.#sessions.isJoined(slot)) {
        const at = output.open(slot, msgBytesMax(end - start))
        output.send(slot, writeMsg(output.bytes, at, 0, 0, -1, payloads, start, end))
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

  // ---- time -----------------------------------------------------------------------------------------------------

  #tick(): void {
    const tick = Math.floor((performance.now() - this.#startedMs) / TICK_MS)
    this.#wheel.advance(tick, this.#onDue)
    this.#engine.flush()
    this.#joins.flush()
  }

  readonly #onDue = (slot: Slot): void => {
    if (!this.#sessions.isJoined(slot)) {
      // A device that waits for its verdict waits for us: that time is not its own.
      if (this.#sessions.phaseOf[slot] === SESSION_PHASE.JOINING) {
        this.#wheel.schedule(slot, this.#handshakeTicks)
      } else this.#dismiss(slot, BYE.HANDSHAKE_TIMEOUT)
      return
    }
    const idleTicks = this.#wheel.nowTick - this.#sessions.lastSeenTicks[slot]
    const leftTicks = this.#heartbeatTicks(slot) - idleTicks
    if (leftTicks > 0) this.#wheel.schedule(slot, leftTicks)
    else this.#dismiss(slot, BYE.HEARTBEAT_LOST)
  }

  #heartbeatTicks(slot: Slot): number {
    const ms = this.#sessions.heartbeatSeconds[slot] * 1000 * HEARTBEAT_GRACE
    return Math.ceil(ms / TICK_MS) + 1
  }

  // ---- ends -----------------------------------------------------------------------------------------------------

  /** Says BYE where the carrier has words for it, and closes. */
  #dismiss(slot: Slot, code: number): void {
    if (this.#sessions.isFree(slot)) return
    const mustBackOff = code >= BYE.OVERLOADED && code < BYE.HEARTBEAT_LOST
    if (this.#sessions.phaseOf[slot] !== SESSION_PHASE.UPGRADING) {
      const retryAfterMs = mustBackOff ? RETRY_AFTER_MS : 0
      this.#output.sendBye(slot, code, retryAfterMs, this.#drain.addresses)
    }
    this.#end(slot, byeReason(code))
  }

  #endWebSocket(slot: Slot, closeCode: number, name: string): void {
    this.#output.sendWebSocketClose(slot, answerTo(closeCode), '')
    this.#end(slot, name)
  }

  #end(slot: Slot, name: string): void {
    this.#count(name)
    this.#release(slot)
    this.#engine.close(slot)
  }

  #release(slot: Slot): void {
    this.#wheel.cancel(slot)
    this.#tags.forget(slot)
    if (this.#sessions.hasDevice(slot)) {
      // Its HELLO may still lie in the batch; the main thread must hear of it before it hears of its end.
      if (this.#sessions.phaseOf[slot] === SESSION_PHASE.JOINING) this.#joins.flush()
      const generation = this.#engine.generationOf(slot)
      this.#joins.addGone(slot, generation, this.#sessions.deviceIdOf(slot))
    }
    this.#sessions.end(slot)
  }

  #count(name: string): void {
    this.#closes[name] = (this.#closes[name] ?? 0) + 1
  }

  #parts() {
    return {
      shard: this.#configuration.index,
      engine: this.#engine,
      sessions: this.#sessions,
      tags: this.#tags,
      tick: this.#wheel.nowTick,
      tickMs: TICK_MS,
      bootId: this.#configuration.bootId,
    }
  }
}

/** Unfinished bytes beside a frame of full size: WebSocket headers of its fragments. */
const KEPT_OVERHEAD_BYTES = 16 * 1024

const CLOSE_NAMES: Record<number, string> = {
  [CLOSE_REASON.PEER_END]: 'peer-end',
  [CLOSE_REASON.PEER_RESET]: 'peer-reset',
  [CLOSE_REASON.RECEIVE_OVERFLOW]: 'frame-too-large',
  [CLOSE_REASON.BUFFERS_FULL]: 'buffers-full',
  [CLOSE_REASON.SOCKET_ERROR]: 'socket-error',
}

/** A close frame is answered with its own code (RFC 6455, 5.5.1), or with 1000 where it had none. */
function answerTo(closeCode: number): number {
  return closeCode === 1005 ? 1000 : closeCode
}
