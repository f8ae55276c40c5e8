/**
 * The publisher: injects pushes over the node's HTTP API from intended time, in a thread of its own
 * so that what it does never delays the connections it measures. Its lateness is its own: late and
 * unsent are counted, and the intended time that travels in each payload keeps latencies honest
 * where it falls behind. Each kind of push has a stream of its own, so a broadcast never waits
 * behind unicasts.
 */
import type { ShardPort } from '../engine/shard-host.ts'
import { FailureTally } from './failure-tally.ts'
import { PublisherRun } from './publisher-run.ts'
import type {
  PublisherDown,
  PublisherSetup,
  PublisherUp,
  PushKind,
  SteadyStage,
} from './shard-messages.ts'
import { openThreadAlarms } from './thread-alarms.ts'
import { fatalFrom } from './shard-runner.ts'
import { ThreadWatch } from './thread-watch.ts'

const PROGRESS_MS = 500

export class Publisher {
  readonly #port: ShardPort<PublisherDown, PublisherUp>
  #watch = new ThreadWatch()
  #failures = new FailureTally()
  readonly #runs = new Map<PushKind, PublisherRun>()
  /** What each device has got so far. */
  readonly #numbers = new Map<PushKind | 'room', Uint32Array>()
  #alarms = openThreadAlarms()
  #setup: PublisherSetup | null = null
  /** A step is over: a further one is counted and watched anew. */
  #isReported = false

  constructor(port: ShardPort<PublisherDown, PublisherUp>) {
    this.#port = port
    port.onMessage((message) => {
      this.#onMessage(message).catch((error) => port.post(fatalFrom(error)))
    })
  }

  async #onMessage(message: PublisherDown): Promise<void> {
    if (message.kind === 'setup') {
      this.#setup = message.setup
      this.#numbers.set('unicast', new Uint32Array(message.setup.connections))
      this.#numbers.set('broadcast', new Uint32Array(1))
      const { rooms } = message.setup.population ?? {}
      this.#numbers.set('room', new Uint32Array(rooms?.count ?? 0))
      this.#watch.start()
      this.#port.post({ kind: 'ready' })
    } else if (message.kind === 'publish') {
      if (this.#setup === null) throw new Error('a publisher is set up before it publishes')
      await this.#publish(this.#setup, message.stage, message.failedConnections)
    } else if (message.kind === 'extend') {
      this.#watch.extend(message.endUs)
      for (const run of this.#runs.values()) run.extend(message.endUs)
    } else {
      for (const run of this.#runs.values()) run.finish()
    }
  }

  async #publish(
    setup: PublisherSetup,
    stage: SteadyStage,
    failedConnections: Uint32Array,
  ): Promise<void> {
    if (this.#isReported) this.#beginAgain()
    this.#watch.measureBetween(stage.measureFromUs, stage.endUs)
    for (const kind of setup.kinds) {
      const arrivals = kind === 'unicast' ? stage.arrivals : stage.broadcasts
      if (arrivals === null) continue
      const onBroken = (): void => this.#stop()
      const numbers = this.#numbers.get(kind) as Uint32Array
      const roomNumbers = this.#numbers.get('room') as Uint32Array
      const order = { kind, arrivals, stage, failedConnections, numbers, roomNumbers, onBroken }
      this.#runs.set(kind, new PublisherRun(setup, order, this.#failures, this.#alarms))
    }
    const progress = setInterval(() => this.#postProgress(), PROGRESS_MS)
    const runs = [...this.#runs.values()]
    const sent = Promise.all(runs.map((run) => run.publish()))
    const watched = sent.then(() => this.#watch.endMeasure())
    await Promise.all([watched, ...runs.map((run) => run.answered())])
    clearInterval(progress)
    void this.#alarms?.destroy()
    this.#report()
  }

  #beginAgain(): void {
    this.#isReported = false
    this.#runs.clear()
    this.#failures = new FailureTally()
    this.#alarms = openThreadAlarms()
    this.#watch = new ThreadWatch()
    this.#watch.start()
  }

  #stop(): void {
    for (const run of this.#runs.values()) run.stop()
  }

  #postProgress(): void {
    let sent = 0
    let late = 0
    for (const run of this.#runs.values()) {
      sent += run.sent
      late += run.late
    }
    this.#port.post({ kind: 'progress', sent, late, thread: this.#watch.soFar() })
  }

  #report(): void {
    this.#isReported = true
    this.#port.post({
      kind: 'published',
      result: {
        unicast: this.#runs.get('unicast')?.counts() ?? null,
        broadcast: this.#runs.get('broadcast')?.counts() ?? null,
        failures: this.#failures.rows(),
        ...this.#watch.finish(),
      },
    })
    for (const { broken } of this.#runs.values()) if (broken !== null) throw broken
  }
}
