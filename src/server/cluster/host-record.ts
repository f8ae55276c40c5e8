/** What a node tells its cluster of itself, from what it counts anyway. */
import { addressText } from '../address-text.ts'
import type { NodeCounters } from '../node-control.ts'
import type { NodeDrain } from '../node-drain.ts'
import type { ShardListener } from '../shard-messages.ts'
import type { HostRecord } from './cluster-traffic.ts'

export interface HostFacts {
  readonly listeners: readonly ShardListener[]
  readonly httpAddress: string
  readonly connectionsMax: number
  readonly counters: NodeCounters
  readonly devicesHere: number
  readonly startedAtMs: number
  readonly drain: NodeDrain
  /** By memory and loop lag, 1: it refuses devices. */
  readonly guardShare: number
  readonly cpuShare: number
}

/** A record that is wanted sooner than this after the last one has its rates: too few to tell. */
const RATE_MS_MIN = 500
/** Busy processors alone turn nobody away. */
const CPU_LOAD_MAX = 0.99

/**
 * How full a node is, by what it is nearest to: the devices that it may have, the memory or loop
 * lag at which it refuses them, or its processors.
 */
export function loadOf(
  facts: Pick<HostFacts, 'devicesHere' | 'connectionsMax' | 'guardShare' | 'cpuShare'>,
): number {
  const { devicesHere, connectionsMax, guardShare, cpuShare } = facts
  const devicesShare = devicesHere / Math.max(1, connectionsMax)
  return Math.max(devicesShare, guardShare, CPU_LOAD_MAX * cpuShare)
}

/** Rates are over the time between two records. */
export class HostRecords {
  #messagesSent = 0
  #atMs = performance.now()
  #sentPerSecond = 0

  next(facts: HostFacts): HostRecord {
    const { counters, connectionsMax, devicesHere, drain } = facts
    const nowMs = performance.now()
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs >= RATE_MS_MIN) {
      const sent = Math.max(0, counters.messagesSent - this.#messagesSent)
      this.#sentPerSecond = Math.round((sent * 1_000) / elapsedMs)
      this.#atMs = nowMs
      this.#messagesSent = counters.messagesSent
    }
    const of = (carrier: string) =>
      facts.listeners
        .filter((listener) => listener.carrier === carrier)
        .map(({ host, port, tls }) => ({ text: addressText(host, port), isTls: !!tls }))
    return {
      addresses: {
        tcp: of('tcp').map(({ text }) => text),
        ws: of('ws').map(({ text, isTls }) => `${isTls ? 'wss' : 'ws'}://${text}`),
      },
      http: `http://${facts.httpAddress}`,
      state: drain.isOn ? 'draining' : 'ready',
      devicesMax: connectionsMax,
      devicesOnline: devicesHere,
      load: Math.round(loadOf(facts) * 10_000) / 10_000,
      sentPerSecond: this.#sentPerSecond,
      startedAtMs: facts.startedAtMs,
      drain: drain.isOn ? { devicesLeft: devicesHere, perSecond: drain.devicesPerSecond } : null,
    }
  }
}
