/**
 * The workers of a run on several hosts as one: started together, held at each gate until the last
 * of them is there, and heard together. Whoever is lost is left out from then on, so a host that
 * drops never holds up the others; what the run loses with it is for the report to say.
 */
import { nowUs } from '../../stats/clock.ts'
import type { RunProgress } from '../../stats/run-progress.ts'
import { ConditionWatch } from '../condition-watch.ts'
import { ClockOffset, type OffsetEstimate } from './clock-offset.ts'
import type {
  FailedMessage,
  Gate,
  HelloMessage,
  ResultMessage,
  SetupMessage,
  UpMessage,
} from './control-messages.ts'
import { correctionBetween, offsetOf } from './host-clocks.ts'
import { HostLink } from './host-link.ts'

export interface HostCommand {
  readonly name: string
  readonly words: readonly string[]
}

export interface HostState extends HostCommand {
  readonly link: HostLink
  readonly offset: ClockOffset
  hello: HelloMessage | null
  setup: SetupMessage | null
  /** Its share of them. */
  connections: number
  warnings: readonly string[]
  progress: RunProgress | null
  /** Where it waits for the others. */
  at: Gate | null
  leadUs: number
  result: ResultMessage | null
  /** What it said of why it cannot. */
  failed: FailedMessage | null
  /** Why it is no part of the run any more. */
  lost: string | null
  heardUs: number
}

/** Round trips before the first gate, each host's one after the other. */
const ROUND_TRIPS = 12
const PING_MS = 1_000
const CLOCK_MS = 5_000
/** A loaded worker answers late; one that is cut off, never. */
const SILENCE_US_MAX = 20e6
/** Beyond twice the slowest way there: the order has to be read and handed to the shards. */
const LEAD_US = 30_000
/** Below this a better correction is not worth a message. */
const CLOCK_STEP_US = 10

export class HostGroup {
  readonly states: readonly HostState[]
  readonly #own: { readonly version: string; readonly clockId: string }
  readonly #watch = new ConditionWatch()
  #pinged = 0
  readonly #asked = new Map<number, number>()
  #pinger: NodeJS.Timeout | null = null
  readonly #shifts = new Map<HostState, number>()
  #clocksToldUs = 0
  #hasBegun = false

  constructor(commands: readonly HostCommand[], own: { version: string; clockId: string }) {
    this.#own = own
    this.states = commands.map((command) => this.#start(command))
    this.#pinger = setInterval(() => this.#tick(), PING_MS)
  }

  /** That are part of the run, with a result or still without. */
  get living(): readonly HostState[] {
    return this.states.filter(({ lost }) => lost === null)
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
    const state: HostState = {
      name,
      words,
      link,
      offset: new ClockOffset(),
      hello: null,
      setup: null,
      connections: 0,
      warnings: [],
      progress: null,
      at: null,
      leadUs: 0,
      result: null,
      failed: null,
      lost: null,
      heardUs: nowUs(),
    }
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
        state.warnings = message.warnings
        break
      case 'progress':
        state.progress = message
        break
      case 'at':
        state.at = message.gate
        state.leadUs = message.leadUs
        this.#openGate()
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
        this.#openGate()
    }
  }

  #lose(state: HostState, reason: string): void {
    // After its result it has nothing to lose.
    if (state.result !== null || state.lost !== null) return
    state.lost = reason
    if (state.setup?.part.sendsBroadcasts) {
      for (const { link } of this.living) link.send({ type: 'broadcasts-lost', reason })
    }
    this.#openGate()
    this.#watch.wake()
  }

  #relay(from: HostState, message: Extract<UpMessage, { type: 'broadcasts' }>): void {
    if (!from.setup?.part.sendsBroadcasts) return
    for (const state of this.living) if (state !== from) state.link.send(message)
  }

  /** Lets all go that wait at a gate, when nobody is missing. */
  #openGate(): void {
    const going = this.living.filter(({ setup, result }) => setup !== null && result === null)
    const [first] = going
    if (first === undefined || first.at === null) return
    const gate = first.at
    if (going.some(({ at }) => at !== gate)) return
    const known = going.map((state) => ({ state, estimate: this.offsetOf(state) ?? UNKNOWN }))
    const wayUs = Math.max(...known.map(({ estimate }) => estimate.errorUs * 2))
    const startUs = nowUs() + Math.max(...going.map(({ leadUs }) => leadUs)) + wayUs + LEAD_US
    const sender = known.find(({ state }) => state.setup?.part.sendsBroadcasts)
    for (const { state, estimate } of known) {
      state.at = null
      const own = { clockId: state.hello?.clockId ?? '', estimate }
      const theirs = { clockId: sender?.state.hello?.clockId ?? '', estimate: sender?.estimate }
      const clock =
        sender === undefined || sender.state === state || theirs.estimate === undefined
          ? null
          : correctionBetween({ clockId: theirs.clockId, estimate: theirs.estimate }, own)
      if (clock !== null) this.#shifts.set(state, clock.shiftUs)
      // By the very correction that its latencies are taken with, so that none falls between.
      const atUs =
        clock === null || sender === undefined
          ? startUs + estimate.offsetUs
          : startUs + sender.estimate.offsetUs + clock.shiftUs
      state.link.send({ type: 'go', gate, startUs: atUs, ...(clock === null ? {} : { clock }) })
    }
    this.#hasBegun ||= gate === 'steady'
  }

  #tick(): void {
    const now = nowUs()
    for (const state of this.living) {
      if (state.hello === null || state.result !== null) continue
      if (now - state.heardUs > SILENCE_US_MAX) {
        state.link.fail(`said nothing for ${SILENCE_US_MAX / 1e6} s`)
      } else this.#ping(state)
    }
    if (this.#hasBegun && now - this.#clocksToldUs > CLOCK_MS * 1000) this.#tellClocks(now)
  }

  #tellClocks(now: number): void {
    this.#clocksToldUs = now
    const sender = this.living.find(({ setup }) => setup?.part.sendsBroadcasts)
    const from = sender === undefined ? null : this.offsetOf(sender)
    if (sender === undefined || from === null) return
    for (const [state, shiftUs] of this.#shifts) {
      const estimate = this.offsetOf(state)
      if (state.lost !== null || state.result !== null || estimate === null) continue
      const clock = correctionBetween(
        { clockId: sender.hello?.clockId ?? '', estimate: from },
        { clockId: state.hello?.clockId ?? '', estimate },
      )
      if (clock === null || Math.abs(clock.shiftUs - shiftUs) < CLOCK_STEP_US) continue
      this.#shifts.set(state, clock.shiftUs)
      state.link.send({ type: 'clock', clock })
    }
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

const UNKNOWN: OffsetEstimate = { offsetUs: 0, errorUs: 0 }

function clockOf({ hello, offset }: HostState) {
  return { clockId: hello?.clockId ?? '', offset }
}
