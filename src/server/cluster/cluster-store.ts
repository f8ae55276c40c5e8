/**
 * The store of a node in a cluster: payloads and acks of its devices' inboxes in Redis. Pushes are
 * not written here: any node stores them for any device (cluster-pushes.ts), and only the node that
 * has the device hands them over and takes its acks.
 */
import type { DeviceRegistry } from '../../cluster/device-registry.ts'
import { hashText } from '../../cluster/key-names.ts'
import type { InboxTables } from '../store/inbox-tables.ts'
import type { PushStore } from '../store/push-store.ts'
import type { WriteBatch } from '../store/write-batch.ts'

export class ClusterStore implements PushStore {
  readonly isDurable = true
  readonly wantsWrite = false
  readonly hashKey: Uint32Array
  readonly #registry: DeviceRegistry
  #tables: InboxTables | null = null

  constructor(hashKey: Uint32Array, registry: DeviceRegistry) {
    this.hashKey = hashKey
    this.#registry = registry
  }

  async load(tables: InboxTables): Promise<void> {
    this.#tables = tables
  }

  /** Acks and expiries; rejects with PUSHCTL_CLUSTER_UNREACHABLE. */
  async write(batch: WriteBatch): Promise<void> {
    const { advanceCount } = batch
    if (advanceCount === 0) return
    const hashes: string[] = []
    const firstSeqs: number[] = []
    const isExpired: boolean[] = []
    for (let at = 0; at < advanceCount; at++) {
      hashes.push(hashText(batch.advanceHighs[at], batch.advanceLows[at]))
      firstSeqs.push(batch.advanceSeqs[at])
      isExpired.push(batch.advanceExpired[at] === 1)
    }
    const answers = await this.#registry.advance(hashes, firstSeqs, isExpired)
    const failed = answers.find((answer) => answer !== null)
    if (failed) throw failed
  }

  /** Messages of one device that follow each other are one span. */
  async read(
    devices: Uint32Array,
    rows: Uint32Array,
    count: number,
  ): Promise<readonly (Uint8Array | null)[]> {
    if (this.#tables === null) throw new Error('a store is loaded before it is used')
    const { devices: table, messages } = this.#tables
    const hashes: string[] = []
    const firstSeqs: number[] = []
    const counts: number[] = []
    let lastDevice = -1
    for (let at = 0; at < count; at++) {
      const device = devices[at]
      const seq = messages.seqs[rows[at]]
      const last = counts.length - 1
      if (device === lastDevice && firstSeqs[last] + counts[last] === seq) counts[last]++
      else {
        hashes.push(hashText(table.highs[device], table.lows[device]))
        firstSeqs.push(seq)
        counts.push(1)
      }
      lastDevice = device
    }
    const spans = await this.#registry.read(hashes, firstSeqs, counts)
    return spans.flatMap((span, i) =>
      span instanceof Error ? new Array<null>(counts[i]).fill(null) : span,
    )
  }

  /** Nodes of a cluster keep what they have of the log in memory. */
  async readRecords(names: readonly string[]): Promise<readonly null[]> {
    return names.map(() => null)
  }

  async close(): Promise<void> {}
}
