/**
 * The workers of a run on several hosts as one: started together, held at each gate until the last
 * of them is there, and heard together. Whoever is lost is left out from then on, so a host that
 * drops never holds up the others; what the run loses with it is for the report to say.
 */
import { nowUs } from '../../stats/clock.ts'
import { ConditionWatch } from '../condition-watch.ts'
import type { RunStep } from '../run-course.ts'
import { ClockOffset, type OffsetEstimate } from './clock-offset.ts'
import type { SetupMessage, UpMessage } from './control-messages.ts'
import type { RowMessage } from './course-messages.ts'
import type { SteeringWord } from './head-steering.ts'
import { offsetOf } from './host-clocks.ts'
import { HostGates } from './host-gates.ts'
import { HostLink } from './host-link.ts'
import { type HostCommand, type HostState, NOT_HEARD_OF } from './host-state.ts'

/** Of the record of the run, as the hosts tell it. */
export interface RecordListener {
  onHeader(state: HostState, header: string): void
  onRow(state: HostState, row: RowMessage): void
}

/** Round trips before the first gate, each host's one after the other. */
const ROUND_TRIPS = 12
const PING_MS = 1_000
/** A loaded worker answers late; one that is cut off, never. */
const SILENCE_US_MAX = 20e6

export class HostGroup {
  readonly states: readonly HostState[]
  readonly #own: { readonly version: string; readonly clockId: string }
  readonly #watch = new ConditionWatch()
  #pinged = 0
  readonly #asked = new Map<number, number>()
  #pinger: NodeJS.Timeout | null = null
  readonly gates = new HostGates(this)
  /** null: nobody keeps a record. */
  record: RecordListener | null = null

  constructor(commands: readonly HostCommand[], own: { version: string; clockId: string }) {
    this.#own = own
    this.states = commands.map((command) => this.#start(command))
    this.#pinger = setInterval(() => this.#tick(), PING_MS)
  }

  /** That are part of the run, with a result or still without. */
  get living(): readonly HostState[] {
    return this.states.filter(({ lost }) => lost === null)
  }

  /** When the first of the runs began, on our clock. */
  get startedUs(): number {
    return Math.min(nowUs(), ...this.states.map(({ plannedUs }) => plannedUs))
  }

  get isDone(): boolean {
    return this.living.every(({ result }) => result !== null)
  }

  /** Resolves when each has said hello and its clock is known, or is lost. */
  async greet(limitMs: number, signal: AbortSignal): Promise<void> {
    const isKnown = ({ hello, offset, lost }: HostState): boolean =>
      lost !== null || (hello !== null && offset.count >= ROUND_TRIPS)
    const isOver = (): boolean => this.states.every(isKnown)
    if (await this.waitUntil(isOver, limitMs, signal)) return
    if (signal.aborted) return
    for (const state of this.states.filter((host) => !isKnown(host))) {
      state.link.fail(`did not answer within ${limitMs / 1000} s`)
    }
  }

  begin(state: HostState, setup: SetupMessage, connections: number): void {
    state.setup = setup
    state.connections = connections
    state.link.send(setup)
  }

  /** What follows the step that ended; null: nothing. */
  orderStep(state: HostState, step: RunStep | null, isLast: boolean): void {
    state.step = null
    state.link.send({ type: 'step', step, isLast })
  }

  steer(what: SteeringWord): void {
    for (const { link, result } of this.living)
      if (result === null) link.send({ type: 'steer', what })
  }

  /** Asks all how they stand, and goes on. */
  ask(): void {
    for (const { link, result } of this.living) if (result === null) link.send({ type: 'ask' })
  }

  /** Ends all runs; their results follow. */
  stop(): void {
    for (const { link, result } of this.living) if (result === null) link.send({ type: 'stop' })
  }

  async close(): Promise<void> {
    if (this.#pinger) clearInterval(this.#pinger)
    for (const { link, lost } of this.states) if (lost === null) link.send({ type: 'end' })
    await Promise.all(this.states.map(({ link }) => link.close()))
  }

  /** Of a host's clock: theirs = ours + offset. */
  offsetOf(state: HostState): OffsetEstimate | null {
    const clocks = this.states.map((host) => clockOf(host))
    return offsetOf(clockOf(state), clocks, this.#own.clockId, nowUs())
  }

  /** Waits until `condition` holds; looks again whenever somebody says something, or is lost. */
  async waitUntil(
    condition: () => boolean,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    await this.#watch.until(condition, limitMs, signal)
    return condition()
  }

  #start({ name, words }: HostCommand): HostState {
    const link = new HostLink(words, this.#own.version, {
      onMessage: (message) => {
        state.heardUs = nowUs()
        this.#hear(state, message)
        this.#watch.wake()
      },
      onEnd: (reason) => this.#lose(state, reason),
    })
    const offset = new ClockOffset()
    const state: HostState = { ...NOT_HEARD_OF, name, words, link, offset, heardUs: nowUs() }
    return state
  }

  #hear(state: HostState, message: UpMessage): void {
    switch (message.type) {
      case 'hello':
        state.hello = message
        this.#ping(state)
        break
      case 'pong':
        this.#onPong(state, message.n, message.atUs)
        break
      case 'planned':
        state.planned = message
        state.plannedUs = state.heardUs
        break
      case 'progress':
        state.progress = message
        break
      case 'moment':
        state.moment = message
        break
      case 'header':
        this.record?.onHeader(state, message.header)
        break
      case 'row':
        this.record?.onRow(state, message)
        break
      case 'step':
        state.step = message
        break
      case 'at':
        state.at = message.gate
        state.leadUs = message.leadUs
        this.gates.open()
        break
      case 'broadcasts':
        this.#relay(state, { ...message })
        break
      case 'failed':
        state.failed = message
        state.link.fail(message.message)
        break
      case 'result':
        state.result = message
        this.gates.open()
    }
  }

  #lose(state: HostState, reason: string): void {
    // After its result it has nothing to lose.
    if (state.result !== null || state.lost !== null) return
    state.lost = reason
    if (state.setup?.part.sendsBroadcasts) {
      for (const { link } of this.living) link.send({ type: 'broadcasts-lost', reason })
    }
    this.gates.open()
    this.#watch.wake()
  }

  #relay(from: HostState, message: Extract<UpMessage, { type: 'broadcasts' }>): void {
    if (!from.setup?.part.sendsBroadcasts) return
    for (const state of this.living) if (state !== from) state.link.send(message)
  }

  #tick(): void {
    const now = nowUs()
    for (const state of this.living) {
      if (state.hello === null || state.result !== null) continue
      if (now - state.heardUs > SILENCE_US_MAX) {
        state.link.fail(`said nothing for ${SILENCE_US_MAX / 1e6} s`)
      } else this.#ping(state)
    }
    this.gates.tellClocks()
  }

  #ping(state: HostState): void {
    this.#pinged += 1
    this.#asked.set(this.#pinged, nowUs())
    state.link.send({ type: 'ping', n: this.#pinged })
  }

  #onPong(state: HostState, n: number, theirsUs: number): void {
    const askedUs = this.#asked.get(n)
    if (askedUs === undefined) return
    this.#asked.delete(n)
    state.offset.add(askedUs, theirsUs, nowUs())
    if (state.offset.count < ROUND_TRIPS) this.#ping(state)
  }
}

function clockOf({ hello, offset }: HostState) {
  return { clockId: hello?.clockId ?? '', offset }
}
