/**
 * The server of the selftest: push protocol v1 over TCP, which sends every SEND back as MSG after a
 * known delay. It holds its core while it has connections: timers of the event loop have a grain of
 * 1 ms, so it looks for sockets and deadlines all the time, in turns of 5 µs and the loop's own
 * few: so late may a message be noticed. It logs each message on its own clock, and each time it
 * found that it had not run: that is what tells a lie of the generator from a disturbance by the
 * host.
 */
import { createEngine } from '../../engine/create-engine.ts'
import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type ReceiveBatch,
  type Slot,
  type SocketEngine,
} from '../../engine/socket-engine.ts'
import { FrameReader } from '../../protocol/frame-reader.ts'
import { FRAME, LIMITS } from '../../protocol/frame-types.ts'
import {
  msgBytesMax,
  PONG_BYTES_MAX,
  WELCOME_BYTES_MAX,
  writeMsg,
  writePong,
  writeWelcome,
} from '../../protocol/frame-writer.ts'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../protocol/tcp-framing.ts'
import { nowUs } from '../../stats/clock.ts'
import { MARKER_BYTES, MARKER_INTENDED_AT, MARKER_SEQ_AT } from '../marker.ts'
import { DelayTable } from './delay-table.ts'
import { ReleaseQueue } from './release-queue.ts'
import type { ResponderLog, ResponderSetup } from './responder-messages.ts'

/** A turn: shorter ones cost more garbage, longer ones make answers later. */
const TURN_US = 5
/** A turn that took longer was interrupted; a busy one (a batch after the stall) may take this. */
const GAP_US = 500
const GAPS_MAX = 10_000
/** Granted to every device. */
export const HEARTBEAT_SECONDS = 300
const WELCOME = {
  flags: 0,
  heartbeatSeconds: HEARTBEAT_SECONDS,
  serverTimeMs: 0,
  inboxSeq: 0,
  broadcastSeq: 0,
  sessionIdHigh: 0,
  sessionIdLow: 0,
}
const ASCII_ZERO = 0x30

export class Responder implements EngineHandler {
  readonly #setup: ResponderSetup
  readonly #onBegun: (firstIntendedUs: number) => void
  readonly #engine: SocketEngine
  readonly #framing = new TcpFraming(LIMITS.frameBytesMax)
  readonly #reader = new FrameReader({ from: 'device' })
  readonly #delays: DelayTable
  readonly #queue: ReleaseQueue
  readonly #turn = (): void => this.#spin()
  /** Number of the connection by slot, from the digits of its device id. */
  readonly #connection: Int32Array
  readonly #events: Float64Array
  readonly #intendedUs: Float64Array
  readonly #arrivedUs: Float64Array
  readonly #releasedUs: Float64Array
  readonly #gapsUs = new Float64Array(2 * GAPS_MAX)
  #gaps = 0
  #logged = 0
  #pings = 0
  #seenUs = 0
  #isSpinning = false
  #isOver = false
  #cpuStart: NodeJS.CpuUsage | null = null

  /** `onBegun` is called at the first message with the time it was due. */
  constructor(setup: ResponderSetup, onBegun: (firstIntendedUs: number) => void) {
    this.#setup = setup
    this.#onBegun = onBegun
    const options = { ...DEFAULT_ENGINE_OPTIONS, capacity: setup.connections + 64 }
    this.#engine = createEngine(setup.engine, options, this)
    this.#delays = new DelayTable(setup.seed)
    this.#queue = new ReleaseQueue(setup.messageBytes)
    this.#connection = new Int32Array(this.#engine.capacity)
    this.#events = new Float64Array(setup.events)
    this.#intendedUs = new Float64Array(setup.events)
    this.#arrivedUs = new Float64Array(setup.events)
    this.#releasedUs = new Float64Array(setup.events)
  }

  /** Listens on loopback; resolves to the port. */
  async listen(): Promise<number> {
    const { port } = await this.#engine.listen({
      host: '127.0.0.1',
      port: 0,
      backlog: 4096,
      reusePort: false,
    })
    return port
  }

  /** Closes everything, and says what was seen. */
  finish(): ResponderLog {
    this.#isOver = true
    const count = Math.min(this.#logged, this.#setup.events)
    const cpu = this.#cpuStart === null ? null : process.cpuUsage(this.#cpuStart)
    const { bytesReceived, bytesSent } = this.#engine.counters
    void this.#engine.destroy()
    return {
      events: this.#events.slice(0, count),
      intendedUs: this.#intendedUs.slice(0, count),
      arrivedUs: this.#arrivedUs.slice(0, count),
      releasedUs: this.#releasedUs.slice(0, count),
      gapsUs: this.#gapsUs.slice(0, 2 * this.#gaps),
      bytesReceived,
      bytesSent,
      pings: this.#pings,
      cpuUs: cpu === null ? 0 : cpu.user + cpu.system,
    }
  }

  onAccept(): void {
    if (this.#isSpinning) return
    this.#isSpinning = true
    this.#cpuStart ??= process.cpuUsage()
    this.#seenUs = nowUs()
    setImmediate(this.#turn)
  }

  onConnect(): void {}

  onReceive(batch: ReceiveBatch): void {
    const arrivedUs = nowUs()
    const { slots, starts, ends, keepFrom, bytes } = batch
    for (let index = 0; index < batch.count; index++) {
      keepFrom[index] = this.#receive(slots[index], bytes, starts[index], ends[index], arrivedUs)
    }
  }

  onOverflow(slots: Int32Array, count: number): void {
    for (let index = 0; index < count; index++) this.#engine.abort(slots[index])
  }

  onClose(): void {}

  #receive(slot: Slot, bytes: Uint8Array, start: number, end: number, arrivedUs: number): number {
    const framing = this.#framing
    let at = start
    for (;;) {
      const event = framing.next(bytes, at, end)
      if (event === TCP_EVENT.NEED_MORE) return at
      if (
        event === TCP_EVENT.FAULT ||
        !this.#reader.read(bytes, framing.bodyStart, framing.bodyEnd)
      ) {
        this.#engine.abort(slot)
        return end
      }
      at = framing.bodyEnd
      this.#onFrame(slot, bytes, arrivedUs)
      if (at === end) return end
    }
  }

  #onFrame(slot: Slot, bytes: Uint8Array, arrivedUs: number): void {
    const reader = this.#reader
    switch (reader.type) {
      case FRAME.HELLO: {
        this.#connection[slot] = trailingNumber(bytes, reader.deviceIdStart, reader.deviceIdEnd)
        const at = this.#reserve(WELCOME_BYTES_MAX)
        this.#commit(slot, at, writeWelcome(this.#engine.outbox, at, WELCOME))
        break
      }
      case FRAME.PING: {
        this.#pings += 1
        const at = this.#reserve(PONG_BYTES_MAX)
        this.#commit(slot, at, writePong(this.#engine.outbox, at))
        break
      }
      case FRAME.SEND:
        if (reader.payloadEnd - reader.payloadStart === this.#setup.messageBytes) {
          this.#onSend(slot, bytes, reader.payloadStart, arrivedUs)
        }
        break
      default:
        break
    }
  }

  #onSend(slot: Slot, bytes: Uint8Array, at: number, arrivedUs: number): void {
    const marker = new DataView(bytes.buffer, bytes.byteOffset + at, MARKER_BYTES)
    const intendedUs = marker.getFloat64(MARKER_INTENDED_AT)
    const round = marker.getUint32(MARKER_SEQ_AT) - 1
    const event = round * this.#setup.connections + this.#connection[slot]
    const record = this.#logged
    this.#logged += 1
    // Writes past the end of a typed array are dropped; the count tells.
    this.#events[record] = event
    this.#intendedUs[record] = intendedUs
    this.#arrivedUs[record] = arrivedUs
    this.#queue.add(arrivedUs + this.#delays.delayUs(event), slot, record, bytes, at)
    if (record === 0) this.#onBegun(intendedUs)
  }

  #spin(): void {
    const startUs = nowUs()
    this.#noteGap(startUs)
    const endUs = startUs + TURN_US
    let currentUs = startUs
    for (;;) {
      if (this.#queue.nextUs <= currentUs) {
        this.#release(currentUs)
        break
      }
      if (currentUs >= endUs) break
      currentUs = nowUs()
    }
    this.#isSpinning = !this.#isOver && (this.#engine.openCount > 0 || this.#queue.count > 0)
    if (this.#isSpinning) setImmediate(this.#turn)
  }

  #noteGap(now: number): void {
    if (now - this.#seenUs > GAP_US && this.#gaps < GAPS_MAX) {
      this.#gapsUs[2 * this.#gaps] = this.#seenUs
      this.#gapsUs[2 * this.#gaps + 1] = now
      this.#gaps += 1
    }
    this.#seenUs = now
  }

  #release(now: number): void {
    const queue = this.#queue
    while (queue.nextUs <= now) {
      const row = queue.take()
      const slot = queue.slotOf(row)
      if (!this.#engine.isOpen(slot)) continue
      const { messageBytes } = this.#setup
      const start = queue.payloadStart(row)
      const at = this.#reserve(msgBytesMax(messageBytes))
      const end = start + messageBytes
      const { outbox } = this.#engine
      this.#commit(slot, at, writeMsg(outbox, at, 0, 0, -1, queue.payloads, start, end))
      this.#releasedUs[queue.recordOf(row)] = now
    }
    this.#engine.flush()
  }

  #reserve(bodyBytes: number): number {
    return this.#engine.reserve(LENGTH_BYTES_MAX + bodyBytes) + LENGTH_BYTES_MAX
  }

  #commit(slot: Slot, bodyStart: number, bodyEnd: number): void {
    const start = writeLengthBefore(this.#engine.outbox, bodyStart, bodyEnd)
    this.#engine.commit(slot, start, bodyEnd)
  }
}

/** The digits that end a device id; -1 where there are none. */
function trailingNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  let scale = 1
  let at = end - 1
  for (; at >= start && bytes[at] >= ASCII_ZERO && bytes[at] <= ASCII_ZERO + 9; at--) {
    value += (bytes[at] - ASCII_ZERO) * scale
    scale *= 10
  }
  return at === end - 1 ? -1 : value
}
