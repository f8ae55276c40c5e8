import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionRows } from '../../src/loadgen/connection-rows.ts'
import { BROADCAST_MARK, MARKER_BYTES, writeMarker } from '../../src/loadgen/marker.ts'
import { Receipts } from '../../src/loadgen/receipts.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

const RUN_ID = 9

interface Arrival {
  readonly slot: number
  readonly seq: number
  readonly intendedUs: number
}

/** One batch, all read at `nowUs`. */
function receive(receipts: Receipts, nowUs: number, arrivals: readonly Arrival[]): void {
  const bytes = new Uint8Array(MARKER_BYTES)
  receipts.beginBatch(nowUs)
  for (const { slot, seq, intendedUs } of arrivals) {
    writeMarker(new DataView(bytes.buffer), 0, RUN_ID, seq, intendedUs, intendedUs + 10)
    receipts.onMessage(slot, bytes, 0, MARKER_BYTES)
  }
  receipts.endBatch()
}

const MIXED = { echo: false, unicast: true, broadcast: true }

function freshReceipts(activities = { echo: true, unicast: false, broadcast: false }): Receipts {
  const receipts = new Receipts(new ConnectionRows(8, 8), RUN_ID, activities)
  receipts.begin(0)
  return receipts
}

describe('receipts', () => {
  it('count duplicates and late numbers as a set would', () => {
    const seqs = fc.array(fc.record({ slot: fc.nat(7), seq: fc.integer({ min: 1, max: 32 }) }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(seqs, (list) => {
        const receipts = freshReceipts()
        receive(
          receipts,
          1_000,
          list.map((arrival) => ({ ...arrival, intendedUs: 500 })),
        )
        const seen = new Set<string>()
        const last = new Map<number, number>()
        let duplicated = 0
        let reordered = 0
        for (const { slot, seq } of list) {
          const key = `${slot} ${seq}`
          if (seen.has(key)) duplicated += 1
          else if (seq < (last.get(slot) ?? 0)) reordered += 1
          seen.add(key)
          last.set(slot, Math.max(seq, last.get(slot) ?? 0))
        }
        expect([receipts.received, receipts.duplicated, receipts.reordered]).toEqual([
          list.length,
          duplicated,
          reordered,
        ])
        receipts.takeInterval()
        expect(receipts.response.count).toBe(list.length - duplicated)
      }),
    )
  })

  it('never hide a loss: a number older than the window counts as a duplicate', () => {
    const receipts = freshReceipts()
    const arrivals = [40, 8, 7].map((seq) => ({ slot: 0, seq, intendedUs: 1 }))
    receive(receipts, 10, arrivals)
    expect([receipts.reordered, receipts.duplicated]).toEqual([0, 2])
  })

  it('take latency from the intended and from the written time', () => {
    const receipts = freshReceipts()
    receive(receipts, 1_500, [{ slot: 1, seq: 1, intendedUs: 1_000 }])
    receipts.takeInterval()
    expect(receipts.response.summary()).toMatchObject({ count: 1, p50: 500 })
    expect(receipts.service.summary()).toMatchObject({ count: 1, p50: 490 })
  })

  it('leave the warm-up out, but keep counting its sequence numbers', () => {
    const receipts = freshReceipts()
    receipts.begin(1_000)
    receive(receipts, 2_000, [
      { slot: 0, seq: 1, intendedUs: 999 },
      { slot: 0, seq: 2, intendedUs: 1_000 },
      { slot: 0, seq: 2, intendedUs: 1_000 },
    ])
    expect([receipts.received, receipts.duplicated]).toEqual([2, 1])
  })

  it('hand out each interval once and lose nothing of the whole', () => {
    const receipts = freshReceipts()
    receive(receipts, 200, [{ slot: 0, seq: 1, intendedUs: 100 }])
    expect(LatencyRecorder.decode(receipts.takeInterval()).count).toBe(1)
    receive(receipts, 400, [{ slot: 0, seq: 2, intendedUs: 100 }])
    expect(LatencyRecorder.decode(receipts.takeInterval()).summary().p50).toBe(300)
    expect(LatencyRecorder.decode(receipts.takeInterval()).count).toBe(0)
    expect(receipts.response.count).toBe(2)
  })

  it('enter a broadcast into the ledger once per run of equal messages', () => {
    const receipts = freshReceipts({ echo: false, unicast: false, broadcast: true })
    const of = (number: number) =>
      [0, 1, 2].map((slot) => ({ slot, seq: BROADCAST_MARK + number, intendedUs: number * 100 }))
    receive(receipts, 300, [...of(1), ...of(2)])
    receive(receipts, 350, [{ slot: 3, seq: BROADCAST_MARK + 1, intendedUs: 100 }])
    const { count, firstUs, lastUs } = receipts.ledger?.columns() ?? {}
    expect([...(count ?? [])]).toEqual([4, 3])
    expect([...(firstUs ?? [])]).toEqual([300, 300])
    expect([...(lastUs ?? [])]).toEqual([350, 300])
    receipts.takeInterval()
    expect(receipts.response.count).toBe(7)
  })

  it('number broadcasts apart from messages to one device, and time only the latter', () => {
    const receipts = freshReceipts(MIXED)
    const numbers = [1, BROADCAST_MARK + 1, 2, BROADCAST_MARK + 2, BROADCAST_MARK + 2, 1]
    receive(
      receipts,
      900,
      numbers.map((seq) => ({ slot: 2, seq, intendedUs: 100 })),
    )
    expect(receipts.direct).toEqual({ received: 3, duplicated: 1, reordered: 0 })
    expect(receipts.broadcasts).toEqual({ received: 3, duplicated: 1, reordered: 0 })
    receipts.takeInterval()
    expect([receipts.response.count, receipts.service.count]).toEqual([2, 2])
    expect([...(receipts.ledger?.columns().count ?? [])]).toEqual([1, 1])
  })
})

describe('broadcasts of another host', () => {
  const ONLY_BROADCASTS = { echo: false, unicast: false, broadcast: true }
  const DAY_US = 86_400e6

  /** What our clock shows less than a day of theirs, known to 50 µs. */
  function otherClock(): Receipts {
    const receipts = new Receipts(new ConnectionRows(8, 8), RUN_ID, ONLY_BROADCASTS)
    receipts.begin(1_000, { shiftUs: -DAY_US, errorUs: 50 })
    return receipts
  }

  function broadcastAt(receipts: Receipts, nowUs: number, seq: number, theirsUs: number): void {
    receive(receipts, nowUs, [{ slot: 0, seq: seq + BROADCAST_MARK, intendedUs: theirsUs }])
  }

  it('are timed on our clock, from the first one that is due in the measured time', () => {
    const receipts = otherClock()
    broadcastAt(receipts, 1_200, 1, DAY_US + 999 - 10)
    broadcastAt(receipts, 1_700, 2, DAY_US + 1_000)
    receipts.takeInterval()
    expect(receipts.broadcasts.received).toBe(1)
    expect(receipts.response.summary()).toMatchObject({ count: 1, min: 700, max: 700 })
    expect(receipts.service.summary()).toMatchObject({ count: 1, min: 690 })
    const { firstUs, intendedUs } = receipts.ledger!.columns()
    expect(firstUs[1]! - intendedUs[1]!).toBe(700)
  })

  it('that came before they were sent came at once, as far as clocks can be wrong', () => {
    const receipts = otherClock()
    // Written 10 µs after it was due.
    broadcastAt(receipts, 2_000, 1, DAY_US + 2_030)
    receipts.takeInterval()
    expect([receipts.refused, receipts.service.summary().max]).toEqual([0, 1])
    expect(receipts.service.clamped).toBe(0)
    broadcastAt(receipts, 3_000, 2, DAY_US + 3_050)
    receipts.takeInterval()
    // It came; when, nobody can say.
    expect([receipts.refused, receipts.broadcasts.received]).toEqual([1, 2])
    expect(receipts.service.count).toBe(1)
    expect(receipts.ledger!.columns().count[1]).toBe(1)
  })

  it('are timed by a better correction as soon as there is one, and counted as before', () => {
    const receipts = otherClock()
    receipts.correctClock({ shiftUs: -DAY_US + 200, errorUs: 5 })
    broadcastAt(receipts, 1_700, 1, DAY_US + 1_000)
    receipts.takeInterval()
    expect(receipts.response.summary()).toMatchObject({ count: 1, max: 500 })
  })

  it('have no correction on one clock: what is negative is clamped, and judged as such', () => {
    const receipts = new Receipts(new ConnectionRows(8, 8), RUN_ID, ONLY_BROADCASTS)
    receipts.begin(0)
    broadcastAt(receipts, 1_000, 1, 5_000)
    receipts.takeInterval()
    expect([receipts.refused, receipts.response.clamped]).toEqual([0, 1])
  })
})
