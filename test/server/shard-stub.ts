/** A shard as the main thread sees it, whose link writes down what is posted. */
import { ShardBatch } from '../../src/server/shard-batch.ts'
import type { RunningShard } from '../../src/server/shard-group.ts'
import type { ShardDown, ShardUp } from '../../src/server/shard-messages.ts'
import { SipHash } from '../../src/server/sip-hash.ts'

export interface StubShard extends RunningShard {
  readonly posted: ShardDown[]
  /** What the shard was told so far, as short texts: 'close 3 4001', 'verdict 4 0'. */
  told(): string[]
}

export function stubShard(index: number, kind: 'thread' | 'process' = 'thread'): StubShard {
  const posted: ShardDown[] = []
  const batch = new ShardBatch((message) => posted.push(message))
  return {
    index,
    posted,
    batch,
    engine: 'node',
    isAlive: true,
    link: {
      index,
      kind,
      pid: 1000 + index,
      post: (message) => posted.push(message),
      onMessage: () => {},
      onExit: () => {},
      kill: async () => {},
    },
    told() {
      batch.flush()
      return posted.flatMap((message) => {
        if (message.kind !== 'close' && message.kind !== 'verdicts') return [message.kind]
        const name = message.kind === 'close' ? 'close' : 'verdict'
        return [...message.slots].map((slot, row) => `${name} ${slot} ${message.codes[row]}`)
      })
    },
  }
}

const HASH = new SipHash(new Uint32Array([1, 2, 3, 4]))

export function hashOf(id: string): [high: number, low: number] {
  const bytes = Buffer.from(id)
  HASH.hash(bytes, 0, bytes.length)
  return [HASH.high, HASH.low]
}

type Row = readonly [slot: number, id: string, token?: string]

export function hellos(...rows: readonly Row[]): Extract<ShardUp, { kind: 'hellos' }> {
  const textEnds: number[] = []
  let texts = ''
  for (const [, id, token = ''] of rows) {
    textEnds.push(texts.length + id.length, texts.length + id.length + token.length)
    texts += id + token
  }
  return {
    kind: 'hellos',
    slots: Int32Array.from(rows, ([slot]) => slot),
    generations: Uint16Array.from(rows, ([slot]) => slot + 100),
    hashes: Uint32Array.from(rows.flatMap(([, id]) => hashOf(id))),
    textEnds: Uint32Array.from(textEnds),
    texts: new TextEncoder().encode(texts),
    flags: new Uint8Array(rows.length),
    inboxSeqs: new Float64Array(rows.length),
  }
}

export function gone(...rows: readonly Row[]): Extract<ShardUp, { kind: 'gone' }> {
  const { slots, generations, hashes } = hellos(...rows)
  const sessionIds = new Uint32Array(rows.length)
  return { kind: 'gone', slots, generations, hashes, sessionIds }
}
