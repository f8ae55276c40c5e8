import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ShardEntries } from '../../../src/server/broadcast/shard-entries.ts'

const FAR_S = 4_000_000_000
const TAGS = 4

function columns(seqs: readonly number[], tagOf: (seq: number) => number) {
  return {
    seqs: Float64Array.from(seqs),
    states: new Uint8Array(seqs.length).fill(1),
    expiresAtS: new Uint32Array(seqs.length).fill(FAR_S),
    bytes: new Uint32Array(seqs.length).fill(10),
    tagHighs: Uint32Array.from(seqs, (seq) => tagOf(seq) * 3),
    // Two tags meet in one place.
    tagLows: Uint32Array.from(seqs, (seq) => tagOf(seq) >> 1),
  }
}

it('finds the entries of a tag behind any cursor, as a list of all would', () => {
  const step = fc.record({
    tag: fc.nat({ max: TAGS - 1 }),
    skipped: fc.constantFrom(0, 0, 0, 1, 700),
    dropped: fc.constantFrom(0, 0, 0, 0, 1, 5, 40),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.integer({ min: 1, max: 5_000 }),
      (steps, from) => {
        const entries = new ShardEntries()
        let model: { seq: number; tag: number }[] = []
        let seq = from
        for (const { tag, skipped, dropped } of steps) {
          seq += 1 + skipped
          entries.add(columns([seq], () => tag))
          model.push({ seq, tag })
          const gone = model.splice(0, Math.min(dropped, model.length))
          if (gone.length > 0) entries.drop(gone.at(-1)!.seq)
        }
        model = model.filter((each) => entries.stateOf(each.seq) === 1)
        const cursors = [0, from, ...model.map((each) => each.seq), seq + 1]
        for (let tag = 0; tag < TAGS; tag++) {
          const own = model.filter((each) => each.tag === tag).map((each) => each.seq)
          for (const cursor of cursors) {
            const expected = own.find((each) => each > cursor) ?? 0
            expect(entries.chains.oldestAfter(tag * 3, tag >> 1, cursor)).toBe(expected)
          }
          const walked: number[] = []
          let at = entries.chains.oldestAfter(tag * 3, tag >> 1, 0)
          for (; at !== 0; at = entries.chains.nextOf(at)) walked.push(at)
          expect(walked).toEqual(own)
        }
        expect(entries.chains.count).toBe(new Set(model.map((each) => each.tag)).size)
      },
    ),
    { numRuns: 60 },
  )
})

it('keeps the payloads that were used last, and knows which are gone', () => {
  const entries = new ShardEntries()
  const seqs = Array.from({ length: 400 }, (_, at) => at + 1)
  entries.add(columns(seqs, () => 0))
  const payload = new Uint8Array(64 * 1024)
  const isHere = (seq: number) => {
    const position = entries.positionOf(seq)
    if (position === 0) return false
    const { cache } = entries
    expect(cache.bytesOf(position)[cache.offsetOf(position)]).toBe(seq & 0xff)
    return true
  }
  for (const seq of seqs) {
    payload[0] = seq
    entries.keepPayload(seq, payload)
    expect(isHere(seq)).toBe(true)
  }
  const here = seqs.filter(isHere)
  // 15 to a chunk of 1 MiB; the newest of 16 chunks.
  expect(here).toEqual(seqs.slice(-here.length))
  expect(here.length).toBeGreaterThanOrEqual(15 * 15)
  expect(here.length).toBeLessThanOrEqual(16 * 15)
})
