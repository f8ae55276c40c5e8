/**
 * What the target says of itself over its HTTP API, where it has one: its pauses, and how late its
 * event loops were once all connections were up. That part is the difference of two looks, one
 * before the steady state and one at its end, because a node only knows its whole life.
 */
import { LatencyRecorder } from '../stats/latency-recorder.ts'
import type { DistributionReport, GcSideReport } from '../stats/run-report.ts'
import { type NodeApi, type NodeFacts, pausesOfRun } from './node-api.ts'

export interface TargetFindings {
  readonly engine: string | null
  /** null: it has no HTTP API, or does not answer any more. */
  readonly gc: GcSideReport | null
}

export class TargetLook {
  /** null: it has no HTTP API. */
  readonly api: NodeApi | null
  #connected: Promise<NodeFacts | null> = Promise.resolve(null)
  #sent: Promise<NodeFacts | null> = Promise.resolve(null)

  constructor(api: NodeApi | null) {
    this.api = api
  }

  /** null where the target has no HTTP API, or does not answer any more. */
  async ask(): Promise<NodeFacts | null> {
    return this.api === null ? null : this.api.describe().catch(() => null)
  }

  /** All connections are up. */
  onConnected(): void {
    this.#connected = this.ask()
  }

  /** The last message is sent. */
  onSent(): void {
    this.#sent = this.ask()
  }

  async finish(startUs: number): Promise<TargetFindings> {
    const facts = await this.ask()
    const gc = facts === null ? null : pausesOfRun(facts, startUs)
    const [from, to] = await Promise.all([this.#connected, this.#sent])
    const steady = distributionBetween(from?.gc?.loop_lag, to?.gc?.loop_lag)
    const engine = facts?.engine ?? null
    return { engine, gc: gc === null || steady === null ? gc : { ...gc, loop_lag_steady: steady } }
  }
}

/** What came between two looks at one histogram; null where it is not one, or began anew. */
export function distributionBetween(
  from: DistributionReport | null | undefined,
  to: DistributionReport | null | undefined,
): DistributionReport | null {
  if (from == null || to == null) return null
  try {
    const recorder = LatencyRecorder.fromBase64(to.hdr)
    return recorder.subtract(LatencyRecorder.fromBase64(from.hdr)) ? recorder.summary() : null
  } catch {
    return null
  }
}
