/**
 * What each frame of a device does. What it says of its inbox (ACK, PULL) goes to the main thread,
 * which has the inboxes. The rules of docs/protocol.md on order hold here: HELLO first and only
 * once.
 */
import type { Slot, SocketEngine } from '../engine/socket-engine.ts'
import type { FrameReader } from '../protocol/frame-reader.ts'
import { BYE, ECHO_PRODUCT, FRAME, LIMITS, SENT_STATUS, STREAM } from '../protocol/frame-types.ts'
import { PONG_BYTES_MAX, SENT_BYTES_MAX, writePong, writeSent } from '../protocol/frame-writer.ts'
import type { ShardLog } from './broadcast/shard-log.ts'
import type { FrameOutput } from './frame-output.ts'
import type { ShardGuard } from './guard/shard-guard.ts'
import type { DeviceSignals } from './inbox/device-signals.ts'
import { type HeartbeatGrants, NO_GRANT } from './heartbeat-grants.ts'
import type { JoinBatches } from './join-batches.ts'
import type { PayloadSeals } from './payload/payload-seals.ts'
import { SESSION_PHASE, type SessionTable } from './session-table.ts'
import type { TagIndex } from './tag-index.ts'
import { ANSWERED_LATER, type ShardUpstream } from './upstream/shard-upstream.ts'

export interface DeviceFrameParts {
  readonly engine: SocketEngine
  readonly sessions: SessionTable
  readonly tags: TagIndex
  readonly output: FrameOutput
  readonly joins: JoinBatches
  readonly signals: DeviceSignals
  readonly log: ShardLog
  readonly upstream: ShardUpstream
  readonly guard: ShardGuard
  readonly heartbeats: HeartbeatGrants
  readonly seals: PayloadSeals
  /** The slot was granted another interval. */
  readonly restartHeartbeat: (slot: Slot) => void
  /** Ends the session with a BYE. */
  readonly dismiss: (slot: Slot, code: number) => void
}

const ECHO = new TextEncoder().encode(ECHO_PRODUCT)

export class DeviceFrames {
  framesReceived = 0
  heartbeats = 0
  /** MSG frames sent by the node on its own (echo). */
  messagesSent = 0
  readonly #parts: DeviceFrameParts
  readonly #text = new TextDecoder()

  constructor(parts: DeviceFrameParts) {
    this.#parts = parts
  }

  onFrame(slot: Slot, frame: FrameReader, bytes: Uint8Array): void {
    this.framesReceived++
    const isJoined = this.#parts.sessions.isJoined(slot)
    if (isJoined !== (frame.type !== FRAME.HELLO)) {
      return this.#parts.dismiss(slot, BYE.PROTOCOL_ERROR)
    }
    switch (frame.type) {
      case FRAME.HELLO:
        return this.#onHello(slot, frame, bytes)
      case FRAME.PING:
        return this.#onPing(slot, frame)
      case FRAME.SEND:
        return this.#onSend(slot, frame, bytes)
      case FRAME.BIND:
        return this.#onBind(slot, frame, bytes)
      case FRAME.ACK:
        return this.#onAck(slot, frame)
      case FRAME.PULL:
        return this.#onPull(slot, frame)
    }
  }

  #onHello(slot: Slot, frame: FrameReader, bytes: Uint8Array): void {
    const { sessions, engine, joins, signals, tags, heartbeats, guard, dismiss, log, seals } =
      this.#parts
    if (!guard.admitsHello()) return dismiss(slot, BYE.OVERLOADED)
    if (!seals.onHello(slot, frame.flags)) {
      guard.refusals.add('payload-key')
      return dismiss(slot, BYE.UNAUTHORIZED)
    }
    sessions.setDevice(slot, bytes, frame.deviceIdStart, frame.deviceIdEnd)
    sessions.networkOf[slot] = frame.network
    heartbeats.onHello(slot, frame.heartbeatSeconds)
    while (frame.nextTag()) tags.bind(slot, this.#textOf(bytes, frame.tagStart, frame.tagEnd))
    joins.addHello(
      slot,
      engine.generationOf(slot),
      bytes,
      frame.deviceIdStart,
      frame.deviceIdEnd,
      frame.tokenStart,
      frame.tokenEnd,
      frame.flags,
      frame.inboxSeq,
    )
    signals.forget(slot)
    log.onHello(slot, frame.flags, frame.broadcastSeq)
    sessions.phaseOf[slot] = SESSION_PHASE.JOINING
  }

  #onPing(slot: Slot, frame: FrameReader): void {
    const { output, signals, engine, sessions, guard, heartbeats } = this.#parts
    this.heartbeats++
    const grant = heartbeats.onPing(slot, sessions.silenceTicks, frame.observedIdleSeconds)
    // What is lazy goes out with the first heartbeat at which the node has time for it.
    if (!guard.defersBulk) signals.onHeartbeat(slot, engine.generationOf(slot))
    const at = output.open(slot, PONG_BYTES_MAX)
    output.send(slot, writePong(output.bytes, at, grant))
    if (grant !== NO_GRANT) this.#parts.restartHeartbeat(slot)
  }

  #onSend(slot: Slot, frame: FrameReader, bytes: Uint8Array): void {
    const { output, seals, guard, dismiss } = this.#parts
    let payload = bytes
    let payloadStart = frame.payloadStart
    let payloadEnd = frame.payloadEnd
    if (seals.isSealed(slot)) {
      const opened = seals.open(slot, frame, bytes)
      if (opened === null) {
        guard.refusals.add('payload-key')
        return dismiss(slot, BYE.PROTOCOL_ERROR)
      }
      payload = opened
      payloadStart = 0
      payloadEnd = opened.length
    }
    const status = this.#statusOfSend(slot, frame, bytes, payload, payloadStart, payloadEnd)
    if (frame.requestId === 0 || status === ANSWERED_LATER) return
    const at = output.open(slot, SENT_BYTES_MAX)
    output.send(slot, writeSent(output.bytes, at, frame.requestId, status))
  }

  /** payload[start, end) is what was sent; all else is in `bytes`. */
  #statusOfSend(
    slot: Slot,
    frame: FrameReader,
    bytes: Uint8Array,
    payload: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { output, upstream, guard } = this.#parts
    if (!guard.admitsSend()) return SENT_STATUS.OVERLOADED
    const isEcho = equalsRange(ECHO, bytes, frame.productStart, frame.productEnd)
    if (isEcho) {
      output.sendMsg(slot, 0, 0, payload, start, end)
      this.messagesSent++
    }
    if (isEcho) return SENT_STATUS.ACCEPTED
    return upstream.addSend(slot, frame, bytes, payload, start, end)
  }

  #onBind(slot: Slot, frame: FrameReader, bytes: Uint8Array): void {
    const { tags, dismiss, sessions } = this.#parts
    sessions.hasBound[slot] = 1
    const tag = this.#textOf(bytes, frame.tagStart, frame.tagEnd)
    if (frame.add !== 1) tags.unbind(slot, tag)
    else if (tags.bind(slot, tag) && tags.countOf(slot) > LIMITS.tagCountMax) {
      dismiss(slot, BYE.PROTOCOL_ERROR)
    }
  }

  #onAck(slot: Slot, frame: FrameReader): void {
    const { signals, engine, log } = this.#parts
    if (frame.stream === STREAM.INBOX) signals.addAck(slot, engine.generationOf(slot), frame.seq)
    else log.onAck(slot, frame.seq)
  }

  #onPull(slot: Slot, frame: FrameReader): void {
    const { signals, engine, log } = this.#parts
    if (frame.stream !== STREAM.INBOX) log.onPull(slot, frame.seq, frame.max)
    else signals.addPull(slot, engine.generationOf(slot), frame.seq, frame.max)
  }

  #textOf(bytes: Uint8Array, start: number, end: number): string {
    return this.#text.decode(bytes.subarray(start, end))
  }
}

function equalsRange(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}
