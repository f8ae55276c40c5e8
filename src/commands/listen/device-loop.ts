/**
 * A device over all its connections: one session after the other, at the address and after the
 * delay that the end of the last one asks for, until it may not come back, has enough messages, or
 * is stopped.
 */
import type { Carrier, CarrierSink } from './carrier.ts'
import {
  type DeviceIdentity,
  DeviceSession,
  type ReceivedMessage,
  type SessionEnd,
} from './device-session.ts'
import { type DeviceTarget, targetFromAddress } from './device-target.ts'
import { planReconnect, printable } from './reconnect-plan.ts'

/** A connection that ends sooner than this counts as failed: coming back at once would spin. */
const SHORT_SESSION_MS = 5_000

export interface DeviceLoopOptions {
  readonly target: DeviceTarget
  /** push.v1.json instead of push.v1 over WebSocket. */
  readonly readable: boolean
  readonly identity: DeviceIdentity
  readonly countMax: number
  readonly signal: AbortSignal
  note(line: string): void
  /** false: no more, please, until onceTaken() calls back. */
  onMessage(message: ReceivedMessage): boolean
  onceTaken(resume: () => void): void
}

/**
 * Resolves with the number of messages when there are countMax or the signal is aborted. Fails with
 * PUSHCTL_TARGET_UNREACHABLE, PUSHCTL_TARGET_REFUSED or PUSHCTL_TARGET_PROTOCOL.
 */
export function listenToNode(options: DeviceLoopOptions): Promise<number> {
  return new DeviceLoop(options).run()
}

class DeviceLoop {
  readonly #options: DeviceLoopOptions
  #target: DeviceTarget
  /** Further addresses of the last BYE, for when the one in use cannot be reached. */
  #others: DeviceTarget[] = []
  #received = 0
  #wasEverWelcomed = false
  #shortInRow = 0

  constructor(options: DeviceLoopOptions) {
    this.#options = options
    this.#target = options.target
  }

  async run(): Promise<number> {
    const { signal } = this.#options
    while (!signal.aborted) {
      const startedMs = performance.now()
      const end = await this.#connectOnce()
      if (end.cause === 'stopped') break
      this.#wasEverWelcomed ||= end.wasWelcomed
      await this.#comeBack(end)
      const isShort = !end.wasWelcomed || performance.now() - startedMs < SHORT_SESSION_MS
      this.#shortInRow = isShort ? this.#shortInRow + 1 : 0
    }
    return this.#received
  }

  /** Settles the next address and waits; throws where there is no coming back. */
  async #comeBack(end: SessionEnd): Promise<void> {
    const { note, target, signal } = this.#options
    const url = this.#target.url
    const next = end.cause === 'unreachable' ? this.#others.shift() : undefined
    if (next !== undefined) {
      note(`${url}: ${end.detail}; trying ${next.url}`)
      this.#target = next
      return
    }
    const plan = planReconnect(end, {
      wasEverWelcomed: this.#wasEverWelcomed,
      shortInRow: this.#shortInRow,
      random: Math.random(),
      url,
    })
    if (plan.kind === 'give-up') throw plan.error
    this.#others = plan.addresses.flatMap((each) => targetFromAddress(each, this.#target) ?? [])
    if (this.#others.length > 0) this.#target = this.#others.shift() as DeviceTarget
    else if (!end.wasWelcomed) this.#target = target
    const what = end.code === 0 ? end.detail : `${end.code} ${end.detail}`
    const when = plan.delayMs === 0 ? 'at once' : `in ${(plan.delayMs / 1000).toFixed(1)} s`
    note(`${url}: ${printable(what)}; connecting to ${this.#target.url} ${when}`)
    await waitMs(plan.delayMs, signal)
  }

  #connectOnce(): Promise<SessionEnd> {
    const { identity, signal, note, countMax } = this.#options
    const { url } = this.#target
    return openCarrier(this.#target, this.#options.readable).then(
      (open) =>
        new Promise((resolve) => {
          const session = new DeviceSession(identity, open, {
            onWelcome: (seconds) => {
              note(`${url}: connected as ${identity.deviceId}, heartbeat ${seconds} s`)
            },
            onMessage: (message) => this.#take(message, session),
            onEnd: (end) => {
              signal.removeEventListener('abort', stop)
              resolve(this.#received >= countMax ? { ...end, cause: 'stopped' } : end)
            },
          })
          const stop = (): void => session.stop()
          signal.addEventListener('abort', stop)
          if (signal.aborted) stop()
        }),
    )
  }

  #take(message: ReceivedMessage, session: DeviceSession): void {
    const { countMax, onMessage, onceTaken } = this.#options
    if (this.#received >= countMax) return
    this.#received++
    const isTaken = onMessage(message)
    if (this.#received >= countMax) session.stop()
    else if (!isTaken && !session.isPaused) {
      session.pause()
      onceTaken(() => session.resume())
    }
  }
}

/** Loads the ws package only where a WebSocket is wanted. */
async function openCarrier(
  target: DeviceTarget,
  readable: boolean,
): Promise<(sink: CarrierSink) => Carrier> {
  if (target.kind === 'tcp') {
    const { TcpCarrier } = await import('./tcp-carrier.ts')
    return (sink) => new TcpCarrier(target, sink)
  }
  const { WebSocketCarrier } = await import('./websocket-carrier.ts')
  return (sink) => new WebSocketCarrier(target, readable, sink)
}

/** Ends early, without a failure, when the signal is aborted. */
function waitMs(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', settle)
      resolve()
    }
    const timer = setTimeout(settle, delayMs)
    signal.addEventListener('abort', settle)
    if (signal.aborted) settle()
  })
}
