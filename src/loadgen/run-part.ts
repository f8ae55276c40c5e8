/**
 * A run that is one part of several, each on a host of its own: what is assigned to it before it
 * begins, and what it asks on its way. A part is a whole run with a report of its own; what it
 * shares with the others is when it begins, and the broadcasts, which one part pushes for all. The
 * cost is that a broadcast is timed over two clocks.
 */
import type { ShardResult, SteadyStage } from './shard-messages.ts'

/** Plain, assigned by whoever drives all parts. */
export interface RunPart {
  /** The same in all parts, so that each knows the broadcasts of the one that pushes them. */
  readonly runId: number
  /** Stands in the ids of the devices: no part kicks those of another off the node. */
  readonly deviceScope: string
  readonly sendsBroadcasts: boolean
  /**
   * Local ports to plan with, both ends included; null: all. Parts in one network share a range.
   */
  readonly ports: readonly [first: number, last: number] | null
}

/** From the clock of the part that broadcasts to ours: local = theirs + shift, ± error. */
export interface ClockCorrection {
  readonly shiftUs: number
  readonly errorUs: number
}

/** The broadcasts of one step. */
export interface BroadcastsSent {
  readonly sentInAll: number
  readonly warmupSent: number
  readonly sentBefore: number
}

export interface PartResults {
  readonly stage: SteadyStage | null
  readonly results: readonly ShardResult[]
  /** null: there were none. */
  readonly broadcasts: BroadcastsSent | null
}

export interface SteadyOrder {
  /** On our clock. */
  readonly startUs: number
  /** Missing: broadcasts come from our own clock. */
  readonly clock?: ClockCorrection
}

/** What a part hears of the others. No call fails: where the run is interrupted, it returns. */
export interface RunGate {
  /** When to begin to connect, once all parts are ready; null: interrupted. */
  atConnect(): Promise<number | null>
  /**
   * When all begin with messages, once all have connected; null: interrupted. At least `leadUs` are
   * left for the order to reach all shards.
   */
  atSteady(leadUs: number): Promise<SteadyOrder | null>
  /** Clocks drift: a better correction, as often as there is one. */
  onClock(listener: (clock: ClockCorrection) => void): void
  /** Of the part that broadcasts. */
  tellBroadcasts(sent: BroadcastsSent): void
  /** Called when the part that broadcasts has ended, with what it sent, or why it was lost. */
  onBroadcasts(listener: (sent: BroadcastsSent | Error) => void): void
  /** What the shards found, for what only all parts together can say. */
  tellResults(found: PartResults): void
}
