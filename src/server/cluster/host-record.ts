/** What a node tells its cluster of itself, from what it counts anyway. */
import { addressText } from '../address-text.ts'
import type { NodeCounters, NodeDescription } from '../node-control.ts'
import type { NodeDrain } from '../node-drain.ts'
import type { ShardListener } from '../shard-messages.ts'
import type { HostRecord } from './cluster-traffic.ts'

export interface HostFacts {
  readonly listeners: readonly ShardListener[]
  readonly httpAddress: string
  readonly state: NodeDescription['state']
  readonly connectionsMax: number
  readonly counters: NodeCounters
  readonly devicesHere: number
  readonly startedAtMs: number
  readonly drain: NodeDrain
}

/** Rates are over the time between two records. */
export class HostRecords {
  #messagesSent = 0
  #atMs = performance.now()

  next(facts: HostFacts): HostRecord {
    const { counters, connectionsMax, devicesHere, drain } = facts
    const nowMs = performance.now()
    const seconds = Math.max(0.001, (nowMs - this.#atMs) / 1_000)
    const sent = Math.max(0, counters.messagesSent - this.#messagesSent)
    this.#atMs = nowMs
    this.#messagesSent = counters.messagesSent
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
      state: facts.state === 'ready' ? 'ready' : 'draining',
      devicesMax: connectionsMax,
      devicesOnline: devicesHere,
      load: Math.round((devicesHere / Math.max(1, connectionsMax)) * 10_000) / 10_000,
      sentPerSecond: Math.round(sent / seconds),
      startedAtMs: facts.startedAtMs,
      drain:
        facts.state === 'draining'
          ? { devicesLeft: devicesHere, perSecond: drain.devicesPerSecond }
          : null,
    }
  }
}
