/**
 * The worker's end of the conversation: what the head orders becomes the gate of a run. When the
 * head is gone (its pipe closes, or nothing comes for long) the run is interrupted and nobody waits
 * for it: a worker never outlives its head.
 */
import type { Readable, Writable } from 'node:stream'
import { nowUs } from '../../stats/clock.ts'
import type {
  BroadcastsSent,
  ClockCorrection,
  PartResults,
  RunGate,
  SteadyOrder,
} from '../run-part.ts'
import { readLines } from './control-lines.ts'
import type { StepOrder } from './course-messages.ts'
import { HeadSteering } from './head-steering.ts'
import {
  DOWN_LINE_BYTES_MAX,
  type DownMessage,
  type Gate,
  parseDown,
  type SetupMessage,
  type StepEndMessage,
  type UpMessage,
} from './control-messages.ts'

/** The head asks every second. */
const SILENCE_MS_MAX = 30_000

type Go = Extract<DownMessage, { type: 'go' }>

export class HeadLink implements RunGate {
  /** Of a run: aborted by the head's word, and with the head. */
  readonly signal: AbortSignal
  /** Resolves when the head has nothing more to say, or is gone. */
  readonly ended: Promise<void>
  /** Of the last step that ended. */
  found: PartResults | null = null
  readonly steering = new HeadSteering()
  /** Called when the head wants to know how the run stands. */
  onAsk: () => void = () => {}
  readonly #stdout: Writable
  readonly #abort = new AbortController()
  readonly #setup: Promise<SetupMessage | null>
  #end: () => void = () => {}
  #onSetup: (message: SetupMessage | null) => void = () => {}
  #onGo: (message: Go | null) => void = () => {}
  #onClock: (clock: ClockCorrection) => void = () => {}
  #onBroadcasts: (sent: BroadcastsSent | Error) => void = () => {}
  #onStep: (order: StepOrder | null) => void = () => {}
  #broadcastsLost: Error | null = null
  #isGone = false
  #silence: NodeJS.Timeout

  constructor(stdin: Readable, stdout: Writable) {
    this.#stdout = stdout
    this.signal = this.#abort.signal
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#setup = new Promise((resolve) => {
      this.#onSetup = resolve
    })
    const lines = readLines(DOWN_LINE_BYTES_MAX, (line) => this.#onLine(line))
    const leave = (): void => this.#leave()
    this.#silence = setTimeout(leave, SILENCE_MS_MAX)
    stdin.on('data', (chunk: Buffer) => {
      if (!lines.add(chunk)) leave()
    })
    stdin.on('end', leave)
    stdin.on('error', leave)
    stdout.on('error', leave)
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** null: the head went away first. */
  setup(): Promise<SetupMessage | null> {
    return this.#setup
  }

  send(message: UpMessage): void {
    if (!this.#isGone) this.#stdout.write(`${JSON.stringify(message)}\n`)
  }

  /** Says what a step found; resolves with what is next, null: the run is interrupted. */
  endStep(message: StepEndMessage): Promise<StepOrder | null> {
    if (this.signal.aborted) return Promise.resolve(null)
    const ordered = new Promise<StepOrder | null>((resolve) => {
      this.#onStep = resolve
    })
    this.send(message)
    return ordered
  }

  async atConnect(): Promise<number | null> {
    return (await this.#wait('connect', 0))?.startUs ?? null
  }

  async atSteady(leadUs: number): Promise<SteadyOrder | null> {
    const go = await this.#wait('steady', leadUs)
    if (go === null) return null
    return { startUs: go.startUs, ...(go.clock === undefined ? {} : { clock: go.clock }) }
  }

  onClock(listener: (clock: ClockCorrection) => void): void {
    this.#onClock = listener
  }

  onBroadcasts(listener: (sent: BroadcastsSent | Error) => void): void {
    this.#onBroadcasts = listener
    // The host that broadcasts may be lost before ours has got so far.
    if (this.#broadcastsLost !== null) listener(this.#broadcastsLost)
  }

  tellBroadcasts({ sentInAll, warmupSent, sentBefore }: BroadcastsSent): void {
    this.send({ type: 'broadcasts', sentInAll, warmupSent, sentBefore })
  }

  tellResults(found: PartResults): void {
    this.found = found
  }

  /** Of a run that goes on; it ends with a report. */
  interrupt(): void {
    this.#abort.abort('SIGTERM')
    this.#onGo(null)
    this.#onStep(null)
  }

  #wait(gate: Gate, leadUs: number): Promise<Go | null> {
    if (this.signal.aborted) return Promise.resolve(null)
    const gone = new Promise<Go | null>((resolve) => {
      this.#onGo = (go) => {
        if (go === null || go.gate === gate) resolve(go)
      }
    })
    this.send({ type: 'at', gate, leadUs })
    return gone
  }

  #onLine(line: string): void {
    const atUs = nowUs()
    this.#silence.refresh()
    const parsed = parseDown(line)
    if ('fault' in parsed) {
      this.send({ type: 'failed', code: null, message: parsed.fault, why: '', tries: [] })
      this.#leave()
      return
    }
    const { message } = parsed
    switch (message.type) {
      case 'ping':
        this.send({ type: 'pong', n: message.n, atUs })
        break
      case 'setup':
        this.#onSetup(message)
        break
      case 'go':
        this.steering.setRate(message.messagesPerSecond ?? null)
        this.#onGo(message)
        break
      case 'step':
        this.#onStep(message)
        break
      case 'steer':
        this.steering.obey(message.what)
        break
      case 'ask':
        this.onAsk()
        break
      case 'clock':
        this.#onClock(message.clock)
        break
      case 'broadcasts':
        this.#onBroadcasts(message)
        break
      case 'broadcasts-lost':
        this.#broadcastsLost = new Error(`the host that broadcasts was lost: ${message.reason}`)
        this.#onBroadcasts(this.#broadcastsLost)
        break
      case 'stop':
        this.interrupt()
        break
      case 'end':
        this.#leave()
    }
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    clearTimeout(this.#silence)
    this.interrupt()
    this.#onSetup(null)
    this.#end()
  }
}
