/** The log of broadcasts in Redis: appended to by whichever node takes one, read by all. */
import type { KeyNames } from './key-names.ts'
import type { RedisLink } from './redis-link.ts'
import { APPEND, COUNT } from './scripts/log-scripts.ts'

/** Each at most 64 KiB: the log holds no more than 64 MiB. */
const ENTRIES_MAX = 1_000
const READ_ENTRIES = 100
const ONCE_SECONDS = 600
/** Numbers start at seconds since 2020, above what devices may have seen of a log that was lost. */
const EPOCH_S = 1_577_836_800
const RECEIPT_SECONDS = 3_600

export interface StreamEntry {
  readonly seq: number
  readonly pushId: string
  readonly tag: string | null
  readonly expiresAtS: number
  readonly payload: Uint8Array
}

export interface EntryCounts {
  readonly online: number
  readonly sent: number
  readonly acked: number
}

export class BroadcastStream {
  readonly #link: RedisLink
  readonly #keys: KeyNames

  constructor(link: RedisLink, keys: KeyNames) {
    this.#link = link
    this.#keys = keys
  }

  /** Number and push id: those of an earlier push where its idempotency key is known. */
  async append(
    entry: Omit<StreamEntry, 'seq'>,
    onceId: string | undefined,
  ): Promise<{ readonly seq: number; readonly pushId: string; readonly isRepeated: boolean }> {
    const { pushId, tag, expiresAtS, payload } = entry
    const floor = Math.floor(Date.now() / 1_000) - EPOCH_S
    const { log, logHead } = this.#keys
    const reply = (await this.#link.run(
      APPEND,
      [log, logHead, this.#keys.logOnce(onceId ?? '')],
      [
        ...[ENTRIES_MAX, floor, pushId, expiresAtS, Buffer.from(payload)],
        ...[tag === null ? 0 : 1, tag ?? '', onceId === undefined ? 0 : ONCE_SECONDS],
      ],
    )) as [Buffer, Buffer, number]
    const [seq, id, repeated] = reply
    return { seq: Number(seq), pushId: id.toString(), isRepeated: repeated === 1 }
  }

  async headSeq(): Promise<number> {
    return Number((await this.#link.bytes(this.#keys.logHead)) ?? 0)
  }

  /** Entries behind `seq`, oldest first; some of them: empty where there are no more. */
  async readAfter(seq: number): Promise<StreamEntry[]> {
    const range = [`(${seq}-0`, '+', 'COUNT', READ_ENTRIES]
    const rows = (await this.#link.lists('xrange', this.#keys.log, ...range)) as [
      Buffer,
      Buffer[],
    ][]
    return rows.map(([id, fields]) => {
      const values = new Map<string, Buffer>()
      for (let at = 0; at + 1 < fields.length; at += 2) {
        values.set(fields[at].toString(), fields[at + 1])
      }
      return {
        seq: Number.parseInt(id.toString(), 10),
        pushId: values.get('i')?.toString() ?? '',
        tag: values.get('t')?.toString() ?? null,
        expiresAtS: Number(values.get('x') ?? 0),
        // A view would keep the whole reply.
        payload: Uint8Array.from(values.get('p') ?? []),
      }
    })
  }

  async setState(seq: number, state: string): Promise<void> {
    await this.#link.command('hset', this.#keys.logStates, seq, state)
  }

  /** Of entries that were paused, resumed or cancelled. */
  async states(): Promise<Map<number, string>> {
    const pairs = await this.#link.hash(this.#keys.logStates)
    const states = new Map<number, string>()
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      states.set(Number(pairs[at]), pairs[at + 1].toString())
    }
    return states
  }

  /** Of entries that are gone: the log has an end, and so have its states. */
  async forgetStates(seqs: readonly number[]): Promise<void> {
    if (seqs.length > 0) await this.#link.command('hdel', this.#keys.logStates, ...seqs)
  }

  async addCounts(seq: number, expiresAtS: number, counts: EntryCounts): Promise<void> {
    const leftS = Math.max(0, expiresAtS - Math.floor(Date.now() / 1_000))
    const { online, sent, acked } = counts
    const values = [leftS + RECEIPT_SECONDS, online, sent, acked]
    await this.#link.run(COUNT, [this.#keys.logCounts(seq)], values)
  }

  async counts(seq: number): Promise<EntryCounts> {
    const pairs = await this.#link.hash(this.#keys.logCounts(seq))
    const of = (name: string) => {
      const at = pairs.findIndex((field, i) => i % 2 === 0 && field.toString() === name)
      return at < 0 ? 0 : Number(pairs[at + 1])
    }
    return { online: of('online'), sent: of('sent'), acked: of('acked') }
  }
}
