/**
 * How sessions of a shard end: with a BYE, a WebSocket close, an HTTP answer, or because the
 * connection broke. Each end is counted by name, tells the main thread and gives the row back.
 */
import { CLOSE_REASON, type Slot, type SocketEngine } from '../engine/socket-engine.ts'
import type { TimerWheel } from '../engine/timer-wheel.ts'
import { byeRange, byeReason } from '../protocol/frame-types.ts'
import { ByeAddresses } from './bye-addresses.ts'
import type { FrameOutput } from './frame-output.ts'
import { retryAfterMs } from './guard/retry-spread.ts'
import type { JoinBatches } from './join-batches.ts'
import type { PayloadSeals } from './payload/payload-seals.ts'
import { SESSION_PHASE, type SessionTable } from './session-table.ts'
import type { TagIndex } from './tag-index.ts'
import type { ShardUpstream } from './upstream/shard-upstream.ts'

const CLOSE_NAMES: Record<number, string> = {
  [CLOSE_REASON.PEER_END]: 'peer-end',
  [CLOSE_REASON.PEER_RESET]: 'peer-reset',
  [CLOSE_REASON.RECEIVE_OVERFLOW]: 'frame-too-large',
  [CLOSE_REASON.BUFFERS_FULL]: 'buffers-full',
  [CLOSE_REASON.SOCKET_ERROR]: 'socket-error',
}

/** Ends after which a device that comes back in time goes on with its session. */
const RESUMABLE_ENDS: ReadonlySet<string> = new Set([
  'peer-end',
  'peer-reset',
  'socket-error',
  'buffers-full',
  'websocket-close',
  'heartbeat-lost',
  'too-slow',
  'replaced',
])

const NOWHERE: readonly string[] = []

export interface SessionEndParts {
  readonly engine: SocketEngine
  readonly sessions: SessionTable
  readonly tags: TagIndex
  readonly wheel: TimerWheel
  readonly output: FrameOutput
  readonly joins: JoinBatches
  readonly upstream: ShardUpstream
  readonly seals: PayloadSeals
}

export class SessionEnds {
  /** How many ended, by name: BYE reasons, HTTP refusals, peer-end, peer-reset … */
  readonly closes: Record<string, number> = {}
  /** Where devices are told to go with a BYE of the 4300s. */
  addresses = new ByeAddresses([])
  readonly #parts: SessionEndParts

  constructor(parts: SessionEndParts) {
    this.#parts = parts
  }

  /** Says BYE where the carrier has words for it, and closes. */
  dismiss(slot: Slot, code: number, places = this.addresses): void {
    const { sessions, output } = this.#parts
    if (sessions.isFree(slot)) return
    const phase = sessions.phaseOf[slot]
    const retryMs = retryAfterMs(code, Math.random())
    if (phase === SESSION_PHASE.UPGRADING) output.sendUpgradeRefusal(slot, code, retryMs)
    else if (phase !== SESSION_PHASE.PROXY_HEADER) {
      const isElsewhere = byeRange(code) === 'elsewhere'
      const addresses = isElsewhere ? places.next(sessions.carrierOf[slot]) : NOWHERE
      output.sendBye(slot, code, retryMs, addresses)
    }
    this.end(slot, byeReason(code))
  }

  /** The WebSocket itself ends: its frames are wrong, or the device closed it. */
  endWebSocket(slot: Slot, closeCode: number, name: string): void {
    this.#parts.output.sendWebSocketClose(slot, answerTo(closeCode), '')
    this.end(slot, name)
  }

  /** All was said. */
  end(slot: Slot, name: string): void {
    this.#count(name)
    this.#release(slot, name)
    this.#parts.engine.close(slot)
  }

  /** At once, without a word: strangers are told nothing. */
  cut(slot: Slot, name: string): void {
    this.#count(name)
    this.#release(slot, name)
    this.#parts.engine.abort(slot)
  }

  /** The engine closed it, for a CLOSE_REASON. */
  onClosed(slot: Slot, reason: number): void {
    if (this.#parts.sessions.isFree(slot)) return
    this.#count(CLOSE_NAMES[reason])
    this.#release(slot, CLOSE_NAMES[reason])
  }

  #release(slot: Slot, why: string): void {
    const { engine, sessions, tags, wheel, joins, upstream, seals } = this.#parts
    upstream.addOffline(slot, why)
    wheel.cancel(slot)
    const keptTags = sessions.hasBound[slot] === 1 ? tags.tagsOf(slot) : []
    tags.forget(slot)
    seals.forget(slot)
    if (sessions.hasDevice(slot)) {
      // Its HELLO may still lie in the batch; the main thread must hear of it before it hears of
      // its end.
      if (sessions.phaseOf[slot] === SESSION_PHASE.JOINING) joins.flush()
      const goesOn = sessions.isJoined(slot) && RESUMABLE_ENDS.has(why)
      const sessionId = goesOn ? sessions.sessionIds[slot] : 0
      const generation = engine.generationOf(slot)
      joins.addGone(slot, generation, sessions.deviceIdOf(slot), sessionId, keptTags)
    }
    sessions.end(slot)
  }

  #count(name: string): void {
    this.closes[name] = (this.closes[name] ?? 0) + 1
  }
}

/**
 * A close frame is answered with its own code (RFC 6455, 5.5.1), or with 1000 where it had none.
 */
function answerTo(closeCode: number): number {
  return closeCode === 1005 ? 1000 : closeCode
}
