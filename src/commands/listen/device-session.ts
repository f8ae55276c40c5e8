/**
 * One connection of a device from HELLO to its end: answers the handshake, keeps the heartbeat that
 * the node grants, hands messages over, and says how it ended.
 *
 *   connecting ─open: HELLO─► greeting ─WELCOME─► online ─BYE, close, silence, stop()─► ended
 */
import { FrameReader } from '../../protocol/frame-reader.ts'
import {
  BYE,
  byeReason,
  FRAME,
  HELLO_FLAG,
  LIMITS,
  MSG_FLAG,
  STREAM,
  WELCOME_FLAG,
} from '../../protocol/frame-types.ts'
import {
  ACK_BYTES_MAX,
  helloBytesMax,
  helloFields,
  PING_BYTES_MAX,
  PULL_BYTES_MAX,
  writeAck,
  writeHello,
  writePing,
  writePull,
} from '../../protocol/frame-writer.ts'
import { headOfMsg } from '../../protocol/payload-heads.ts'
import type { PayloadKey } from '../../protocol/payload-keys.ts'
import { openPayload } from '../../protocol/payload-seal.ts'
import { textFromUtf8 } from '../../protocol/utf8.ts'
import type { Carrier, CarrierEnd, CarrierSink } from './carrier.ts'

/** How long a PONG may take before the connection counts as dead. */
const PONG_TIMEOUT_MS = 10_000
/** Messages asked for at a time where the node only notifies. */
const PULL_MESSAGES = 100

/** What the device has received of its inbox, over all its connections. */
export interface DeviceCursor {
  inboxSeq: number
  broadcastSeq: number
}

export interface DeviceIdentity {
  readonly deviceId: string
  readonly token: string
  readonly tags: readonly string[]
  readonly network: number
  readonly cursor: DeviceCursor
  /** The device's own: it asks for sealed payloads, and takes no others. */
  readonly payloadKey?: PayloadKey | undefined
}

export interface ReceivedMessage {
  readonly seq: number
  readonly flags: number
  /** -1 where the node did not say. */
  readonly publishedUs: number
  readonly payload: Uint8Array
}

export interface SessionEnd {
  /**
   * bye: the node said so. silence: no WELCOME or no PONG in time. stopped: by stop(). The others
   * are those of a carrier.
   */
  readonly cause: 'bye' | 'silence' | 'stopped' | CarrierEnd['kind']
  readonly wasWelcomed: boolean
  /** BYE code; 0 where there was none. */
  readonly code: number
  readonly detail: string
  readonly retryAfterMs: number
  /** Of a BYE, best first. */
  readonly addresses: readonly string[]
}

export interface SessionEvents {
  onWelcome(heartbeatSeconds: number): void
  onMessage(message: ReceivedMessage): void
  /** Once. */
  onEnd(end: SessionEnd): void
}

export class DeviceSession implements CarrierSink {
  readonly carrier: Carrier
  readonly #identity: DeviceIdentity
  readonly #events: SessionEvents
  readonly #reader = new FrameReader({ from: 'node' })
  #heartbeatMs = 0
  #wasWelcomed = false
  #hasEnded = false
  #isPaused = false
  /** One at a time: for the WELCOME, until the next PING, or for its PONG. */
  #timer: NodeJS.Timeout

  constructor(
    identity: DeviceIdentity,
    open: (sink: CarrierSink) => Carrier,
    events: SessionEvents,
  ) {
    this.#identity = identity
    this.#events = events
    this.#timer = setTimeout(() => this.#onSilence('WELCOME'), LIMITS.handshakeMs)
    this.carrier = open(this)
  }

  /** Reads no further messages; the heartbeat goes on, but its answers are not waited for. */
  pause(): void {
    this.#isPaused = true
    this.carrier.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.carrier.resume()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  stop(): void {
    this.#end({ cause: 'stopped', detail: '' })
  }

  onOpen(): void {
    const { deviceId, token, tags, network, cursor, payloadKey } = this.#identity
    const flags = HELLO_FLAG.WILL_ACK | (HELLO_FLAG.PAYLOAD_KEY * (payloadKey?.number ?? 0))
    const hello = helloFields(deviceId, token, tags, { flags, network, ...cursor })
    const frame = new Uint8Array(helloBytesMax(hello))
    this.carrier.send(frame.subarray(0, writeHello(frame, 0, hello)))
  }

  onFrame(bytes: Uint8Array, start: number, end: number): void {
    const reader = this.#reader
    if (!reader.read(bytes, start, end)) {
      this.#end({ cause: 'fault', detail: reader.fault ?? 'bad frame' })
      return
    }
    const isFirst = !this.#wasWelcomed
    if (isFirst && reader.type !== FRAME.WELCOME && reader.type !== FRAME.BYE) {
      this.#end({ cause: 'fault', detail: 'a frame before WELCOME' })
      return
    }
    switch (reader.type) {
      case FRAME.WELCOME:
        if (this.#identity.payloadKey && !(reader.flags & WELCOME_FLAG.SEALED)) {
          this.#end({ cause: 'fault', detail: 'a WELCOME without sealed payloads' })
          return
        }
        this.#wasWelcomed = true
        this.#grantHeartbeat(reader.heartbeatSeconds)
        this.#events.onWelcome(reader.heartbeatSeconds)
        return
      case FRAME.PONG:
        this.#grantHeartbeat(reader.heartbeatSeconds)
        return
      case FRAME.MSG: {
        const { seq, flags, publishedUs } = reader
        const payload = this.#open(bytes.slice(reader.payloadStart, reader.payloadEnd))
        if (payload === null) {
          this.#end({ cause: 'fault', detail: 'a payload that the key does not open' })
          return
        }
        if (this.#isNew(seq, flags)) this.#events.onMessage({ seq, flags, publishedUs, payload })
        return
      }
      case FRAME.NOTIFY:
        if (reader.stream === STREAM.INBOX) this.#pull(reader.seq)
        return
      case FRAME.BYE:
        this.#onBye(bytes)
    }
  }

  /** The payload of the MSG that was read last; null where it is not as it was sealed. */
  #open(payload: Uint8Array): Uint8Array | null {
    const { payloadKey } = this.#identity
    if (payloadKey === undefined) return payload
    const { flags, seq } = this.#reader
    if (!(flags & MSG_FLAG.SEALED)) return null
    return openPayload(payloadKey.key, headOfMsg(flags, seq), payload)
  }

  /** Acks what wants it; false for a message that came before. */
  #isNew(seq: number, flags: number): boolean {
    const { cursor } = this.#identity
    if (!(flags & MSG_FLAG.WANTS_ACK)) return true
    const isBroadcast = (flags & MSG_FLAG.BROADCAST) !== 0
    const name = isBroadcast ? 'broadcastSeq' : 'inboxSeq'
    const isNew = seq > cursor[name]
    if (isNew) cursor[name] = seq
    const stream = isBroadcast ? STREAM.BROADCAST : STREAM.INBOX
    const frame = new Uint8Array(ACK_BYTES_MAX)
    const end = writeAck(frame, 0, stream, cursor[name])
    this.carrier.send(frame.subarray(0, end))
    return isNew
  }

  #pull(headSeq: number): void {
    const { inboxSeq } = this.#identity.cursor
    if (headSeq <= inboxSeq) return
    const frame = new Uint8Array(PULL_BYTES_MAX)
    const end = writePull(frame, 0, STREAM.INBOX, inboxSeq, PULL_MESSAGES)
    this.carrier.send(frame.subarray(0, end))
  }

  onEnd({ kind, code, detail }: CarrierEnd): void {
    // The close frame of a WebSocket carries the same code as the BYE that may have been lost.
    if (kind === 'closed' && code >= BYE.PROTOCOL_ERROR && code < 5000) {
      this.#end({ cause: 'bye', code, detail: detail === '' ? byeReason(code) : detail })
    } else {
      const fallback = code === 0 ? 'connection end' : `close ${code}`
      this.#end({ cause: kind, detail: detail === '' ? fallback : detail })
    }
  }

  #onBye(bytes: Uint8Array): void {
    const reader = this.#reader
    const { code, retryAfterMs } = reader
    const detail = textFromUtf8(bytes, reader.reasonStart, reader.reasonEnd)
    const addresses: string[] = []
    while (reader.nextAddress()) {
      addresses.push(textFromUtf8(bytes, reader.addressStart, reader.addressEnd))
    }
    this.#end({ cause: 'bye', code, detail, retryAfterMs, addresses })
  }

  /** Starts the time to the next PING; negative seconds leave the grant as it was. */
  #grantHeartbeat(seconds: number): void {
    if (seconds >= 0) this.#heartbeatMs = seconds * 1000
    clearTimeout(this.#timer)
    if (this.#heartbeatMs > 0) this.#timer = setTimeout(() => this.#ping(), this.#heartbeatMs)
  }

  #ping(): void {
    const frame = new Uint8Array(PING_BYTES_MAX)
    this.carrier.send(frame.subarray(0, writePing(frame, 0)))
    this.#timer = setTimeout(() => {
      if (this.#isPaused) this.#ping()
      else this.#onSilence('PONG')
    }, PONG_TIMEOUT_MS)
  }

  #onSilence(awaited: string): void {
    this.#end({ cause: 'silence', detail: `no ${awaited} in time` })
  }

  #end(end: Pick<SessionEnd, 'cause' | 'detail'> & Partial<SessionEnd>): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    clearTimeout(this.#timer)
    this.carrier.end()
    const nothing = { code: 0, retryAfterMs: 0, addresses: [], wasWelcomed: this.#wasWelcomed }
    this.#events.onEnd({ ...nothing, ...end })
  }
}
