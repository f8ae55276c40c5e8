/**
 * Bytes from devices into frames, whatever carries them: TCP lengths, WebSocket messages, readable
 * JSON. Readers are shared by the whole shard; what a connection has unfinished stays as bytes in
 * the engine and two columns of its row.
 */
import type { ReceiveBatch, Slot, SocketEngine } from '../engine/socket-engine.ts'
import { FrameReader } from '../protocol/frame-reader.ts'
import { BYE, FRAME } from '../protocol/frame-types.ts'
import { frameFromJson, jsonFrameBytesMax } from '../protocol/json-frames.ts'
import { PROXY_EVENT, ProxyHeader } from '../protocol/proxy-header.ts'
import { TCP_EVENT, TcpFraming } from '../protocol/tcp-framing.ts'
import { CONTROL_FRAME_BYTES_MAX } from '../protocol/websocket-frame.ts'
import {
  SUBPROTOCOL_BINARY,
  UPGRADE_EVENT,
  UPGRADE_RESPONSE_BYTES_MAX,
  UpgradeRequest,
  writeUpgradeRefusal,
  writeUpgradeResponse,
} from '../protocol/websocket-handshake.ts'
import { WEBSOCKET_EVENT, WebSocketReader } from '../protocol/websocket-reader.ts'
import { writeWebSocketPong } from '../protocol/websocket-writer.ts'
import { VERDICT } from './guard/address-gate.ts'
import type { ShardGuard } from './guard/shard-guard.ts'
import { CARRIER, SESSION_PHASE, type SessionTable } from './session-table.ts'

export interface FrameSink {
  /** One frame of a device: the reader's fields are offsets into `bytes`. */
  onFrame(slot: Slot, frame: FrameReader, bytes: Uint8Array): void
  /** What came is no frame: `code` is the BYE for it. */
  onFault(slot: Slot, code: number): void
  /** RFC 6455 was broken: `closeCode` is for the close frame; there is no frame to say BYE in. */
  onWebSocketFault(slot: Slot, closeCode: number): void
  /** Somebody who may not connect, or no balancer that it claims to be: ended without a word. */
  onCut(slot: Slot, name: string): void
  /** The device closed its WebSocket in order. */
  onWebSocketClose(slot: Slot, closeCode: number): void
  /** An HTTP request that is no upgrade we speak; it was answered with `status`. */
  onUpgradeRefused(slot: Slot, status: number): void
}

export class FrameInput {
  readonly #engine: SocketEngine
  readonly #sessions: SessionTable
  readonly #guard: ShardGuard
  readonly #sink: FrameSink
  readonly #frames = new FrameReader({ from: 'device' })
  readonly #tcp: TcpFraming
  readonly #webSocket: WebSocketReader
  readonly #upgrade = new UpgradeRequest()
  readonly #proxy = new ProxyHeader()
  readonly #jsonScratch: Uint8Array

  constructor(
    engine: SocketEngine,
    sessions: SessionTable,
    guard: ShardGuard,
    frameBytesMax: number,
    sink: FrameSink,
  ) {
    this.#engine = engine
    this.#sessions = sessions
    this.#guard = guard
    this.#sink = sink
    this.#tcp = new TcpFraming(frameBytesMax)
    this.#webSocket = new WebSocketReader({ role: 'server', messageBytesMax: frameBytesMax })
    this.#jsonScratch = new Uint8Array(jsonFrameBytesMax(frameBytesMax))
  }

  readBatch(batch: ReceiveBatch, tick: number): void {
    const { phaseOf, carrierOf, lastSeenTicks } = this.#sessions
    for (let i = 0; i < batch.count; i++) {
      const slot = batch.slots[i]
      const phase = phaseOf[slot]
      if (phase === SESSION_PHASE.FREE) continue
      this.#sessions.silenceTicks = tick - lastSeenTicks[slot]
      lastSeenTicks[slot] = tick
      if (phase === SESSION_PHASE.JOINING) batch.keepFrom[i] = batch.starts[i]
      else if (phase === SESSION_PHASE.UPGRADING) this.#readUpgrade(batch, i, batch.starts[i])
      else if (phase === SESSION_PHASE.PROXY_HEADER) this.#readProxyHeader(batch, i)
      else if (carrierOf[slot] === CARRIER.TCP) this.#readTcp(batch, i, batch.starts[i])
      else this.#readWebSocket(batch, i, batch.starts[i])
    }
  }

  /**
   * May frames of this slot be read on? Not after it was closed, and not while the main thread
   * decides on it.
   */
  #accepts(slot: Slot): boolean {
    const phase = this.#sessions.phaseOf[slot]
    return phase === SESSION_PHASE.JOINED || phase === SESSION_PHASE.AWAITING_HELLO
  }

  #readProxyHeader(batch: ReceiveBatch, i: number): void {
    const slot = batch.slots[i]
    const header = this.#proxy
    const event = header.read(batch.bytes, batch.starts[i], batch.ends[i])
    if (event === PROXY_EVENT.NEED_MORE) {
      batch.keepFrom[i] = batch.starts[i]
      return
    }
    if (event === PROXY_EVENT.FAULT) {
      this.#guard.refusals.add('proxy-header')
      return this.#sink.onCut(slot, 'proxy-header')
    }
    const verdict = this.#guard.addresses?.admitClaimed(slot, header) ?? VERDICT.ADMIT
    if (verdict === VERDICT.DENIED) return this.#sink.onCut(slot, 'address-denied')
    const { phaseOf, carrierOf } = this.#sessions
    const isTcp = carrierOf[slot] === CARRIER.TCP
    phaseOf[slot] = isTcp ? SESSION_PHASE.AWAITING_HELLO : SESSION_PHASE.UPGRADING
    if (verdict === VERDICT.TOO_MANY) this.#sink.onFault(slot, BYE.RATE_LIMITED)
    else if (isTcp) this.#readTcp(batch, i, header.headerEnd)
    else this.#readUpgrade(batch, i, header.headerEnd)
  }

  #readTcp(batch: ReceiveBatch, i: number, start: number): void {
    const slot = batch.slots[i]
    const { bytes } = batch
    const end = batch.ends[i]
    let at = start
    while (at < end && this.#accepts(slot)) {
      const event = this.#tcp.next(bytes, at, end)
      if (event === TCP_EVENT.FRAME) {
        at = this.#tcp.bodyEnd
        this.#readFrame(slot, bytes, this.#tcp.bodyStart, this.#tcp.bodyEnd)
      } else if (event === TCP_EVENT.FAULT) return this.#sink.onFault(slot, this.#tcp.byeCode)
      else break
    }
    const isStranger =
      this.#sessions.phaseOf[slot] === SESSION_PHASE.AWAITING_HELLO &&
      this.#tcp.pendingType !== FRAME.HELLO &&
      this.#tcp.pendingType !== -1 &&
      at < end
    if (isStranger) return this.#sink.onFault(slot, BYE.PROTOCOL_ERROR)
    batch.keepFrom[i] = at
  }

  #readFrame(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#guard.admitsFrame(slot, end - start)) this.#sink.onFault(slot, BYE.RATE_LIMITED)
    else if (this.#frames.read(bytes, start, end)) this.#sink.onFrame(slot, this.#frames, bytes)
    else this.#sink.onFault(slot, this.#frames.byeCode)
  }

  #readUpgrade(batch: ReceiveBatch, i: number, start: number): void {
    const slot = batch.slots[i]
    const request = this.#upgrade
    const event = request.read(batch.bytes, start, batch.ends[i])
    if (event === UPGRADE_EVENT.NEED_MORE) {
      batch.keepFrom[i] = start
      return
    }
    if (event === UPGRADE_EVENT.FAULT) {
      return this.#refuseUpgrade(slot, request.faultStatus, request.fault ?? '')
    }
    if (this.#guard.checksOrigins && !this.#guard.admitsOrigin(request.origin)) {
      return this.#refuseUpgrade(slot, 403, 'origin-not-allowed')
    }
    const at = this.#engine.reserve(UPGRADE_RESPONSE_BYTES_MAX)
    this.#engine.commit(slot, at, writeUpgradeResponse(this.#engine.outbox, at, request))
    const isBinary = request.subprotocol === SUBPROTOCOL_BINARY
    this.#sessions.carrierOf[slot] = isBinary ? CARRIER.WS_BINARY : CARRIER.WS_JSON
    this.#sessions.phaseOf[slot] = SESSION_PHASE.AWAITING_HELLO
    this.#readWebSocket(batch, i, request.headEnd)
  }

  #refuseUpgrade(slot: Slot, status: number, reason: string): void {
    const at = this.#engine.reserve(UPGRADE_RESPONSE_BYTES_MAX)
    const end = writeUpgradeRefusal(this.#engine.outbox, at, status, reason)
    this.#engine.commit(slot, at, end)
    this.#sink.onUpgradeRefused(slot, status)
  }

  #readWebSocket(batch: ReceiveBatch, i: number, start: number): void {
    const slot = batch.slots[i]
    const { assembledBytes, fragmentOpcodes } = this.#sessions
    const reader = this.#webSocket
    reader.begin(batch.bytes, start, batch.ends[i], assembledBytes[slot], fragmentOpcodes[slot])
    while (this.#accepts(slot)) {
      const event = reader.next()
      if (event === WEBSOCKET_EVENT.NEED_MORE) break
      this.#onWebSocketEvent(slot, event, batch.bytes)
    }
    if (this.#sessions.isFree(slot)) return
    reader.finish()
    batch.keepFrom[i] = reader.keepFrom
    if (assembledBytes[slot] !== reader.assembledBytes) {
      assembledBytes[slot] = reader.assembledBytes
    }
    if (fragmentOpcodes[slot] !== reader.fragmentOpcode) {
      fragmentOpcodes[slot] = reader.fragmentOpcode
    }
  }

  #onWebSocketEvent(slot: Slot, event: number, bytes: Uint8Array): void {
    const reader = this.#webSocket
    const isJson = this.#sessions.carrierOf[slot] === CARRIER.WS_JSON
    switch (event) {
      case WEBSOCKET_EVENT.BINARY:
        // The subprotocol says how frames travel; the other kind of message is a fault of the
        // client.
        if (isJson) this.#sink.onFault(slot, BYE.PROTOCOL_ERROR)
        else this.#readFrame(slot, bytes, reader.payloadStart, reader.payloadEnd)
        break
      case WEBSOCKET_EVENT.TEXT:
        if (isJson) this.#readJson(slot, bytes, reader.payloadStart, reader.payloadEnd)
        else this.#sink.onFault(slot, BYE.PROTOCOL_ERROR)
        break
      case WEBSOCKET_EVENT.PING:
        this.#sendPong(slot, bytes, reader.payloadStart, reader.payloadEnd)
        break
      case WEBSOCKET_EVENT.CLOSE:
        this.#sink.onWebSocketClose(slot, reader.closeCode)
        break
      case WEBSOCKET_EVENT.FAULT:
        if (reader.fault === 'message-too-big') this.#sink.onFault(slot, BYE.FRAME_TOO_LARGE)
        else this.#sink.onWebSocketFault(slot, reader.faultCloseCode)
        break
    }
  }

  #readJson(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    const scratch = this.#jsonScratch
    const frameEnd = frameFromJson(bytes, start, end, scratch, 0)
    if (typeof frameEnd === 'number') this.#readFrame(slot, scratch, 0, frameEnd)
    else this.#sink.onFault(slot, frameEnd.byeCode)
  }

  #sendPong(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#guard.admitsFrame(slot, end - start)) {
      return this.#sink.onFault(slot, BYE.RATE_LIMITED)
    }
    const at = this.#engine.reserve(CONTROL_FRAME_BYTES_MAX)
    this.#engine.commit(slot, at, writeWebSocketPong(this.#engine.outbox, at, bytes, start, end))
  }
}
