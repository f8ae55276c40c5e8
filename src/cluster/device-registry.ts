/**
 * Where devices are, and their inboxes, as scripts on Redis. Asks for many devices at once: on one
 * server a call takes up to 64 of them, on a Redis Cluster each has a call of its own, and all
 * calls of a batch are on their way together. An answer is a value for each device or the error
 * that it met, because a Redis Cluster may have lost some of its servers only.
 */
import type { PushctlError } from '../errors/pushctl-error.ts'
import type { KeyNames } from './key-names.ts'
import type { RedisLink, RedisValue } from './redis-link.ts'
import type { RedisScript } from './redis-script.ts'
import {
  ADVANCE,
  AUDIT,
  CLAIM,
  ITEM_HEAD_BYTES,
  READ,
  RELEASE,
  STORE,
  STORE_ONCE,
  TAIL,
  WHERE,
} from './scripts/device-scripts.ts'

const DEVICES_PER_CALL = 64
/** Cursors of a device that stays away are kept for so long; no push lives longer than 30 days. */
const CURSOR_SECONDS = 60 * 24 * 3_600
/** Idempotency keys, as on a single node. */
const ONCE_SECONDS = 600
const GONE = 0xffffffff
/** Of a pending message in an answer: payload bytes u32, expires at s u32, mode u8. */
export const HEAD_BYTES = 9

export interface Claimed {
  readonly session: number
  /** Node and session that the device had until now; 0: none. */
  readonly nodeBefore: number
  readonly sessionBefore: number
  readonly nextSeq: number
  /** HEAD_BYTES each, oldest first; they end at nextSeq. */
  readonly heads: Buffer
}

export interface Stored {
  readonly seq: number
  readonly node: number
  readonly session: number
  /** Its idempotency key was known: nothing was stored now. */
  readonly isRepeated: boolean
}

export interface Tail {
  readonly nextSeq: number
  readonly firstSeq: number
  readonly heads: Buffer
}

export interface Place {
  readonly node: number
  readonly session: number
  readonly nextSeq: number
  readonly firstSeq: number
  readonly trimmedSeq: number
  readonly expiredSeq: number
}

export const AUDIT_STATE = { AS_BELIEVED: 0, ELSEWHERE: 1, WRITTEN: 2 } as const

export interface Audited {
  readonly state: number
  readonly nextSeq: number
}

export interface InboxLimitsOfDevice {
  readonly messagesMax: number
  readonly bytesMax: number
}

export type Answer<Value> = Value | PushctlError

/** A message as it lies in the list. */
export function itemOf(expiresAtS: number, mode: number, payload: Uint8Array): Buffer {
  const item = Buffer.allocUnsafe(ITEM_HEAD_BYTES + payload.length)
  item.writeUInt32BE(expiresAtS, 0)
  item[4] = mode
  item.set(payload, ITEM_HEAD_BYTES)
  return item
}

export class DeviceRegistry {
  readonly #link: RedisLink
  readonly #keys: KeyNames
  readonly #node: string
  readonly #perCall: number

  constructor(link: RedisLink, keys: KeyNames, nodeNumber: number) {
    this.#link = link
    this.#keys = keys
    this.#node = String(nodeNumber)
    this.#perCall = link.isPartitioned ? 1 : DEVICES_PER_CALL
  }

  /** `seen`: what each device says that it has received. */
  claim(hashes: readonly string[], seen: readonly number[]): Promise<Answer<Claimed>[]> {
    const head = [this.#node, CURSOR_SECONDS]
    return this.#each(
      CLAIM,
      hashes,
      this.#rowAndInbox,
      head,
      (i) => [seen[i]],
      (reply) => {
        const session = reply.f64()
        const nodeBefore = reply.u32()
        const sessionBefore = reply.f64()
        const nextSeq = reply.f64()
        const heads = reply.bytes(HEAD_BYTES * reply.u32())
        return { session, nodeBefore, sessionBefore, nextSeq, heads }
      },
    )
  }

  release(hashes: readonly string[], sessions: readonly number[]): Promise<Answer<null>[]> {
    const head = [this.#node, CURSOR_SECONDS]
    const keysOf = (hash: string) => [this.#keys.device(hash)]
    return this.#each(
      RELEASE,
      hashes,
      keysOf,
      head,
      (i) => [sessions[i]],
      () => null,
    )
  }

  /** `onceIds`: idempotency keys, all or none. */
  store(
    hashes: readonly string[],
    expiresAtS: readonly number[],
    items: readonly Buffer[],
    limits: InboxLimitsOfDevice,
    onceIds: readonly string[] | null,
  ): Promise<Answer<Stored>[]> {
    const head = [CURSOR_SECONDS, limits.messagesMax, limits.bytesMax]
    const valuesOf = (i: number) => [expiresAtS[i], items[i]]
    const readRow = (reply: Reply) => {
      const seq = reply.f64()
      const node = reply.u32()
      return { seq: Math.abs(seq), node, session: reply.f64(), isRepeated: seq < 0 }
    }
    if (onceIds === null) {
      return this.#each(STORE, hashes, this.#rowAndInbox, head, valuesOf, readRow)
    }
    const keysOf = (hash: string, i: number) => [
      ...this.#rowAndInbox(hash),
      this.#keys.once(hash, onceIds[i]),
    ]
    return this.#each(STORE_ONCE, hashes, keysOf, [...head, ONCE_SECONDS], valuesOf, readRow)
  }

  /** Everything below `firstSeqs` is gone. */
  advance(
    hashes: readonly string[],
    firstSeqs: readonly number[],
    isExpired: readonly boolean[],
  ): Promise<Answer<null>[]> {
    const valuesOf = (i: number) => [firstSeqs[i], isExpired[i] ? 1 : 0]
    return this.#each(ADVANCE, hashes, this.#rowAndInbox, [CURSOR_SECONDS], valuesOf, () => null)
  }

  tail(hashes: readonly string[], fromSeqs: readonly number[]): Promise<Answer<Tail>[]> {
    return this.#each(
      TAIL,
      hashes,
      this.#rowAndInbox,
      [],
      (i) => [fromSeqs[i]],
      (reply) => {
        const nextSeq = reply.f64()
        const firstSeq = reply.f64()
        return { nextSeq, firstSeq, heads: reply.bytes(HEAD_BYTES * reply.u32()) }
      },
    )
  }

  /** Payloads of spans of messages; null where one is gone. */
  read(
    hashes: readonly string[],
    firstSeqs: readonly number[],
    counts: readonly number[],
  ): Promise<Answer<(Buffer | null)[]>[]> {
    const valuesOf = (i: number) => [firstSeqs[i], counts[i]]
    return this.#each(READ, hashes, this.#rowAndInbox, [], valuesOf, (reply, i) =>
      Array.from({ length: counts[i] }, () => {
        const bytes = reply.u32()
        return bytes === GONE ? null : reply.bytes(bytes)
      }),
    )
  }

  where(hashes: readonly string[]): Promise<Answer<Place>[]> {
    return this.#each(
      WHERE,
      hashes,
      this.#rowAndInbox,
      [],
      () => [],
      (reply) => ({
        node: reply.u32(),
        session: reply.f64(),
        nextSeq: reply.f64(),
        firstSeq: reply.f64(),
        trimmedSeq: reply.f64(),
        expiredSeq: reply.f64(),
      }),
    )
  }

  audit(
    hashes: readonly string[],
    sessions: readonly number[],
    nextSeqs: readonly number[],
  ): Promise<Answer<Audited>[]> {
    const head = [this.#node, CURSOR_SECONDS]
    const valuesOf = (i: number) => [sessions[i], nextSeqs[i]]
    return this.#each(AUDIT, hashes, this.#rowAndInbox, head, valuesOf, (reply) => ({
      state: reply.u8(),
      nextSeq: reply.f64(),
    }))
  }

  readonly #rowAndInbox = (hash: string): string[] => [
    this.#keys.device(hash),
    this.#keys.inbox(hash),
  ]

  async #each<Value>(
    script: RedisScript,
    hashes: readonly string[],
    keysOf: (hash: string, index: number) => string[],
    head: readonly RedisValue[],
    valuesOf: (index: number) => readonly RedisValue[],
    readRow: (reply: Reply, index: number) => Value,
  ): Promise<Answer<Value>[]> {
    const answers = new Array<Answer<Value>>(hashes.length)
    const calls: Promise<void>[] = []
    for (let first = 0; first < hashes.length; first += this.#perCall) {
      const end = Math.min(hashes.length, first + this.#perCall)
      const keys: string[] = []
      const values: RedisValue[] = [...head]
      for (let i = first; i < end; i++) {
        keys.push(...keysOf(hashes[i], i))
        values.push(...valuesOf(i))
      }
      calls.push(
        this.#link.run(script, keys, values).then(
          (bytes) => {
            const reply = new Reply(bytes as Buffer)
            for (let i = first; i < end; i++) answers[i] = readRow(reply, i)
          },
          (error: PushctlError) => {
            for (let i = first; i < end; i++) answers[i] = error
          },
        ),
      )
    }
    await Promise.all(calls)
    return answers
  }
}

/** Reads packed rows, big-endian. */
class Reply {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  u8(): number {
    return this.#bytes[this.#at++]
  }

  u32(): number {
    this.#at += 4
    return this.#bytes.readUInt32BE(this.#at - 4)
  }

  f64(): number {
    this.#at += 8
    return this.#bytes.readDoubleBE(this.#at - 8)
  }

  bytes(count: number): Buffer {
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
}
