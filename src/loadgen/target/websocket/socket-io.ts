/**
 * Drives a Socket.IO server, version 4 of Engine.IO over WebSocket alone: no polling first, so a
 * connection is one connection. A device is up when its namespace has answered CONNECT; messages
 * are one event whose argument has the marker in it. The server asks for signs of life (packet 2)
 * and is answered at once; heartbeats of our own are pings of WebSocket, because a client of
 * version 4 may not ask. Per connection 5 bytes: its number and how far it has come.
 *
 *   server 0{"sid":…} ─► client 40{auth} ─► server 40{"sid":…} ─► both 42["event",…]
 */
import type { Slot, SocketEngine } from '../../../engine/socket-engine.ts'
import { MessageTemplate } from '../message-template.ts'
import type { ResolvedTarget } from '../target-address.ts'
import {
  type ConnectionEvents,
  type DriverOptions,
  namesOf,
  type TargetDriver,
} from '../target-driver.ts'
import { TextMarker } from '../text-marker.ts'
import { DEFAULT_WIRE, type WireSettings } from '../wire-settings.ts'
import { WebSocketClient, type WebSocketSink } from './websocket-client.ts'

/** Engine.IO protocol 4, packet types: the first character of each message. */
const OPEN = 0x30
const CLOSE = 0x31
const PING = 0x32
const MESSAGE = 0x34
/** Socket.IO protocol 5, packet types: the second character of a message. */
const CONNECT = 0x30
const DISCONNECT = 0x31
const CONNECT_ERROR = 0x34

const STAGE = { AWAITS_OPEN: 0, AWAITS_CONNECT: 1, UP: 2 } as const
const PONG = Buffer.from('3')
const SAMPLE_BYTES_MAX = 200

export class SocketIoDriver implements TargetDriver, WebSocketSink {
  readonly #events: ConnectionEvents
  readonly #client: WebSocketClient
  readonly #marker: TextMarker
  readonly #heartbeatSeconds: number
  readonly #connect: MessageTemplate
  readonly #disconnect: MessageTemplate
  readonly #event: MessageTemplate
  readonly #connection: Uint32Array
  readonly #stage: Uint8Array

  constructor(
    engine: SocketEngine,
    target: ResolvedTarget,
    options: DriverOptions,
    events: ConnectionEvents,
  ) {
    const wire = target.wire ?? DEFAULT_WIRE
    const names = namesOf(options)
    this.#events = events
    const at = { ...target, path: socketIoPath(target.path) }
    this.#client = new WebSocketClient(engine, at, wire, options, events, this)
    this.#marker = new TextMarker(options.runId)
    this.#heartbeatSeconds = options.heartbeatSeconds
    this.#connect = new MessageTemplate(connectPacket(wire), names)
    this.#disconnect = new MessageTemplate(`41${prefixOf(wire)}`, names)
    this.#event = new MessageTemplate(eventPacket(wire), names, options.messageBytes)
    this.#connection = new Uint32Array(engine.capacity)
    this.#stage = new Uint8Array(engine.capacity)
  }

  greet(slot: Slot, connection: number): boolean {
    this.#connection[slot] = connection
    this.#stage[slot] = STAGE.AWAITS_OPEN
    this.#client.greet(slot, connection)
    return false
  }

  receive(slot: Slot, connection: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#client.receive(slot, connection, bytes, start, end)
  }

  sendUpstream(slot: Slot, seq: number, intendedUs: number, writtenUs: number): void {
    const connection = this.#connection[slot]
    const marker = this.#marker
    this.#client.sendMarked(slot, this.#event, connection, marker, seq, intendedUs, writtenUs)
  }

  ping(slot: Slot): void {
    this.#client.ping(slot)
  }

  sayGoodbye(slot: Slot): void {
    if (this.#stage[slot] === STAGE.UP) this.#say(slot, this.#disconnect)
    this.#client.sayGoodbye(slot)
  }

  onUpgraded(slot: Slot): void {
    this.#events.onGreeting(slot)
  }

  onText(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    switch (bytes[start]) {
      case MESSAGE:
        this.#onPacket(slot, bytes, start, end)
        break
      case PING:
        this.#client.sendText(slot, PONG)
        break
      case OPEN:
        this.#stage[slot] = STAGE.AWAITS_CONNECT
        this.#say(slot, this.#connect)
        break
      case CLOSE:
        this.#events.onEnd(slot, 'disconnect engine.io', '', false)
        break
      default:
        // 5 and 6 belong to an upgrade from polling, which is not asked for.
        break
    }
  }

  /** The attachment of an event that has one. */
  onBinary(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    const at = this.#marker.findBinary(bytes, start, end)
    if (at >= 0) this.#events.onMessage(slot, bytes, at, end)
  }

  onWebSocketPong(slot: Slot): void {
    this.#events.onPong(slot, -1)
  }

  #onPacket(slot: Slot, bytes: Uint8Array, start: number, end: number): void {
    switch (bytes[start + 1]) {
      case CONNECT:
        if (this.#stage[slot] !== STAGE.AWAITS_CONNECT) break
        this.#stage[slot] = STAGE.UP
        this.#events.onWelcome(slot, this.#heartbeatSeconds)
        break
      case CONNECT_ERROR:
        this.#events.onEnd(slot, 'disconnect connect_error', sampleOf(bytes, start, end), false)
        break
      case DISCONNECT:
        this.#events.onEnd(slot, 'disconnect socket.io', '', false)
        break
      default:
        if (this.#marker.findText(bytes, start, end) >= 0) {
          this.#events.onMessage(slot, this.#marker.marker, 0, this.#marker.marker.length)
        } else this.#events.onMessage(slot, bytes, start, end)
    }
  }

  #say(slot: Slot, packet: MessageTemplate): void {
    this.#client.sendTemplate(slot, packet, this.#connection[slot])
  }
}

/** What a publisher's own connection says before it may publish. */
export class SocketIoGreeting {
  isReady = false
  readonly #connect: string

  constructor(wire: WireSettings, device: string) {
    this.#connect = connectPacket(wire).replaceAll('{device}', device)
  }

  /** What to answer, null: nothing. @throws Error that says why the server does not let it in */
  answerTo(bytes: Uint8Array, start: number, end: number): string | null {
    if (bytes[start] === PING) return '3'
    if (this.isReady) return null
    if (bytes[start] === OPEN) return this.#connect
    if (bytes[start] !== MESSAGE) return null
    if (bytes[start + 1] === CONNECT_ERROR) throw new Error(sampleOf(bytes, start, end))
    this.isReady = bytes[start + 1] === CONNECT
    return null
  }
}

/** An event of one argument, as a template with {payload}. */
export function eventPacket(wire: WireSettings): string {
  const argument = wire.messageTemplate ?? '"{payload}"'
  return `42${prefixOf(wire)}[${JSON.stringify(wire.event)},${argument}]`
}

/** The path of Socket.IO itself where none is given, and the version of Engine.IO in any case. */
export function socketIoPath(path: string): string {
  const [name, query = ''] = path === '/' ? ['/socket.io/'] : path.split('?', 2)
  const wanted = /(^|&)EIO=/.test(query) ? query : `EIO=4&transport=websocket&${query}`
  return `${name}?${wanted.replace(/&$/, '')}`
}

function connectPacket(wire: WireSettings): string {
  return `40${prefixOf(wire)}${wire.firstMessage ?? ''}`
}

function prefixOf({ namespace }: WireSettings): string {
  return namespace === '/' ? '' : `${namespace},`
}

function sampleOf(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.min(end, start + 2 + SAMPLE_BYTES_MAX)
  return Buffer.from(bytes.subarray(start + 2, stop)).toString('utf8')
}
