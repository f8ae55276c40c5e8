/**
 * Stored broadcasts of a cluster: one log in Redis, of which each node has a copy and which each
 * serves to its own devices. Whoever takes a broadcast appends it and asks all nodes to read on; a
 * node that was not reached reads on later, and a device that moves gets what it lacks from where
 * it comes to, by the cursor in its HELLO. So nothing is handed over when a node dies.
 */
import type { BroadcastStream } from '../../cluster/broadcast-stream.ts'
import type { Membership } from '../../cluster/membership.ts'
import type { NodeChannels } from '../../cluster/node-channels.ts'
import type { BroadcastLog, BroadcastReceipt } from '../broadcast/broadcast-log.ts'
import type { BroadcastState } from '../broadcast/broadcast-messages.ts'
import type { PushOutcome, StoredPush } from '../node-control.ts'
import { nowSeconds } from '../store/inbox.ts'

/** So much of what it counted goes with a node that is killed. */
const COUNT_MS = 500

export type LogQuestion =
  | { readonly kind: 'log'; readonly seq: number }
  | { readonly kind: 'log-state'; readonly seq: number; readonly state: BroadcastState }

export class ClusterLog {
  readonly #stream: BroadcastStream
  readonly #membership: Membership
  readonly #channels: NodeChannels
  readonly #log: BroadcastLog
  /** What was told to Redis of each entry. */
  readonly #counted = new Map<number, { online: number; sent: number; acked: number }>()
  readonly #online = new Map<number, number>()
  #reading: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #count = 0

  constructor(
    stream: BroadcastStream,
    membership: Membership,
    channels: NodeChannels,
    log: BroadcastLog,
  ) {
    this.#stream = stream
    this.#membership = membership
    this.#channels = channels
    this.#log = log
  }

  /** Before the first shard runs: they begin with what there is. */
  async start(): Promise<void> {
    const headSeq = await this.#stream.headSeq()
    await this.readOn()
    this.#log.setHead(headSeq)
    this.#timer = setInterval(() => void this.#tellCounts(), COUNT_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    void this.#tellCounts()
  }

  async push(
    tag: string | null,
    payload: Uint8Array,
    { ttlSeconds }: StoredPush,
    onceId: string | undefined,
  ): Promise<PushOutcome> {
    const expiresAtS = nowSeconds() + ttlSeconds
    const pushId = `${this.#membership.number.toString(36)}-b${(++this.#count).toString(36)}`
    const appended = await this.#stream.append({ pushId, tag, expiresAtS, payload }, onceId)
    const { seq } = appended
    // It is stored: that a node can not be reached now is no reason to refuse it.
    const asked = this.#askOthers({ kind: 'log', seq })
    const here = await this.readOn().then(
      () => this.#online.get(seq) ?? 0,
      () => 0,
    )
    const counts = (await asked) as (number | null)[]
    const online = counts.reduce<number>((sum, count) => sum + (count ?? 0), here)
    return { accepted: online, stored: 1, online, pushId: appended.pushId }
  }

  /** Takes the entries that this node does not have yet, in their order. */
  readOn(): Promise<void> {
    const reading = this.#reading.then(() => this.#readOn())
    this.#reading = reading.catch(() => {})
    return reading
  }

  async answer(question: LogQuestion): Promise<number> {
    if (question.kind === 'log-state') this.#log.apply(question.seq, question.state)
    else if (this.#log.headSeq < question.seq) await this.readOn()
    return this.#online.get(question.seq) ?? 0
  }

  /** null where there is no such broadcast. */
  async receipt(pushId: string): Promise<BroadcastReceipt | null> {
    const entry = this.#log.find(pushId)
    const own = this.#log.receipt(pushId)
    if (entry === null || own === null) return null
    await this.#tellCounts()
    const { online, sent, acked } = await this.#stream.counts(entry.seq)
    const expired = own.state === 'expired' ? Math.max(0, sent - acked) : 0
    return { ...own, accepted: online, online, sent, acked: Math.min(sent, acked), expired }
  }

  /** Pauses, resumes or cancels on all nodes. */
  async control(pushId: string, state: BroadcastState): Promise<BroadcastReceipt | null> {
    const entry = this.#log.find(pushId)
    if (entry === null) return null
    const { seq } = entry
    await this.#stream.setState(seq, state)
    this.#log.apply(seq, state)
    await this.#askOthers({ kind: 'log-state', seq, state })
    return this.receipt(pushId)
  }

  #askOthers(question: LogQuestion): Promise<unknown[]> {
    const { selfName } = this.#membership
    const others = this.#membership.nodes().filter(({ name }) => name !== selfName)
    return Promise.all(others.map(({ name }) => this.#channels.ask(name, question)))
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const entries = await this.#stream.readAfter(this.#log.headSeq)
      if (entries.length === 0) break
      for (const entry of entries) {
        this.#online.set(entry.seq, await this.#log.take({ ...entry, state: 'running' }))
      }
      // For whom it is is known from the start, whatever becomes of this node.
      void this.#tellCounts()
      for (const seq of this.#online.keys()) {
        if (this.#online.size <= KEPT_COUNTS) break
        this.#online.delete(seq)
        this.#counted.delete(seq)
      }
    }
    const gone: number[] = []
    for (const [seq, state] of await this.#stream.states()) {
      const isKnown = this.#log.apply(seq, state as BroadcastState)
      if (!isKnown && seq <= this.#log.headSeq) gone.push(seq)
    }
    await this.#stream.forgetStates(gone)
  }

  async #tellCounts(): Promise<void> {
    const told = this.#log.takeCounts().map(({ seq, expiresAtS, online, sent, acked }) => {
      const before = this.#counted.get(seq) ?? { online: 0, sent: 0, acked: 0 }
      this.#counted.set(seq, { online, sent, acked })
      return this.#stream.addCounts(seq, expiresAtS, {
        online: online - before.online,
        sent: sent - before.sent,
        acked: acked - before.acked,
      })
    })
    // Counts that could not be told are lost: they are for people to look at.
    await Promise.allSettled(told)
  }
}

/** As many as the log has entries. */
const KEPT_COUNTS = 1_000
