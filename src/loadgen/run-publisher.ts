/**
 * Who publishes in a run. Alone it is a thread of ours; in one part of a run on several hosts,
 * broadcasts are pushed by one part for all, and the others learn at the end how many there were,
 * as if they had pushed them, without counting them as sent a second time.
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import { PublisherLink } from './publisher-link.ts'
import type { BroadcastsSent, RunGate, RunPart } from './run-part.ts'
import type {
  PublisherResult,
  PublisherSetup,
  PushCounts,
  SendCounts,
  SteadyStage,
} from './shard-messages.ts'

/** Of PublisherLink, what a run needs. */
export type RunPublisher = Pick<
  PublisherLink,
  | 'sent'
  | 'result'
  | 'error'
  | 'isSettled'
  | 'isDone'
  | 'blockedMs'
  | 'publish'
  | 'extend'
  | 'finish'
  | 'kill'
>

/** `onNews` is called whenever something has changed. */
export function openPublisher(
  setup: PublisherSetup,
  part: RunPart | undefined,
  gate: RunGate | undefined,
  onNews: () => void,
): RunPublisher {
  if (part === undefined || gate === undefined || !setup.kinds.includes('broadcast')) {
    return new PublisherLink(setup, onNews)
  }
  return part.sendsBroadcasts
    ? new AnnouncingPublisher(setup, gate, onNews)
    : new ListeningPublisher(setup, gate, onNews)
}

/** Pushes for all parts, and tells them. */
class AnnouncingPublisher extends PublisherLink {
  constructor(setup: PublisherSetup, gate: RunGate, onNews: () => void) {
    let told: PublisherResult | null = null
    super(setup, () => {
      const { broadcast = null } = this.result ?? {}
      if (broadcast !== null && told !== this.result) {
        told = this.result
        gate.tellBroadcasts(broadcast)
      }
      onNews()
    })
  }
}

/** Has the broadcasts of another part beside the unicasts of its own. */
class ListeningPublisher implements RunPublisher {
  readonly #own: PublisherLink | null
  #broadcasts: BroadcastsSent | null = null
  #lost: Error | null = null

  constructor(setup: PublisherSetup, gate: RunGate, onNews: () => void) {
    const kinds = setup.kinds.filter((kind) => kind !== 'broadcast')
    this.#own = kinds.length === 0 ? null : new PublisherLink({ ...setup, kinds }, onNews)
    gate.onBroadcasts((sent) => {
      if (sent instanceof Error) this.#lost = sent
      else this.#broadcasts = sent
      onNews()
    })
  }

  get sent(): number {
    return this.#own?.sent ?? 0
  }

  set sent(count: number) {
    if (this.#own !== null) this.#own.sent = count
  }

  get result(): PublisherResult | null {
    const own = this.#own === null ? NOTHING_PUBLISHED : this.#own.result
    if (own === null || this.#broadcasts === null) return null
    return { ...own, broadcast: countsOf(this.#broadcasts) }
  }

  get error(): Error | null {
    return this.#own?.error ?? this.#lost
  }

  get isSettled(): boolean {
    return this.#own?.isSettled ?? true
  }

  get isDone(): boolean {
    return this.result !== null || this.error !== null
  }

  get blockedMs(): number {
    return this.#own?.blockedMs ?? 0
  }

  publish(stage: SteadyStage, failedConnections: Uint32Array): void {
    this.#broadcasts = null
    this.#own?.publish(stage, failedConnections)
  }

  extend(endUs: number): void {
    this.#own?.extend(endUs)
  }

  finish(): void {
    this.#own?.finish()
  }

  async kill(): Promise<void> {
    await this.#own?.kill()
  }
}

const NOT_OURS: SendCounts = { planned: 0, sent: 0, late: 0, unsent: 0, unsendable: 0 }
const NO_VALUES = new LatencyRecorder().encode()

const NOTHING_PUBLISHED: PublisherResult = {
  unicast: null,
  broadcast: null,
  failures: [],
  gc: [],
  gcMeasured: [],
  loopLag: NO_VALUES,
  loopLagMeasured: NO_VALUES,
  steadyUsage: { cpuShare: null, waitShare: null },
}

function countsOf(sent: BroadcastsSent): PushCounts {
  return { ...sent, sends: NOT_OURS, blockedUs: 0 }
}
