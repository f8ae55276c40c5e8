import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteGap, reconcileBytes, sumBytes } from '../../../src/loadgen/verdict/byte-gap.ts'
import { HEALTHY } from './healthy-facts.ts'

const sent = (expected: number, counted: number) =>
  ({ direction: 'sent', expected, counted }) as const
const received = (expected: number, counted: number) =>
  ({ direction: 'received', expected, counted }) as const

describe('bytes', () => {
  it('reconcile within 1 %, both ways', () => {
    expect(reconcileBytes([received(10_000, 10_099), sent(10_000, 9_901)])).toEqual([])
    expect(reconcileBytes([received(0, 0)])).toEqual([])
  })

  it('that are missing or too many are named, with what it means', () => {
    const counts = [
      sent(10_000, 9_800),
      sent(10_000, 10_200),
      received(10_000, 9_800),
      received(10_000, 12_000),
      received(0, 5),
    ]
    expect(reconcileBytes(counts).map(({ reason }) => reason)).toMatchInlineSnapshot(`
      [
        "messages × frame size are 10,000 bytes sent, the kernel counted 9,800 (-2 %): what was sent still waits on this host or was dropped: look whether the target reads",
        "messages × frame size are 10,000 bytes sent, the kernel counted 10,200 (+2 %): bytes left that no message accounts for: a fault of bench, please report it",
        "messages × frame size are 10,000 bytes received, the kernel counted 9,800 (-2 %): messages were counted that were not on the wire: a fault of bench, please report it",
        "messages × frame size are 10,000 bytes received, the kernel counted 12,000 (+20 %): what came was not all read: lower the rate or use more --workers",
        "messages × frame size are 0 bytes received, the kernel counted 5: what came was not all read: lower the rate or use more --workers",
      ]
    `)
  })

  it('are judged as sums over all shards, whatever the shards are', () => {
    const pair = fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000))
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const counts = pairs.flatMap(([up, down]) => [sent(up, down), received(down, up)])
        const ups = pairs.reduce((sum, [up]) => sum + up, 0)
        const downs = pairs.reduce((sum, [, down]) => sum + down, 0)
        expect(sumBytes(counts)).toEqual([sent(ups, downs), received(downs, ups)])
      }),
    )
  })
})

describe('the verdict', () => {
  it('has no doubt where all reconciles, or where nothing is known', () => {
    expect(byteGap({ ...HEALTHY, bytes: [sent(500, 500), received(500, 500)] })).toBeNull()
    expect(byteGap({ ...HEALTHY, bytes: [] })).toBeNull()
  })

  it('is SUSPECT by a gap, and says both where there are two', () => {
    const doubt = byteGap({ ...HEALTHY, bytes: [sent(500, 400), received(500, 600)] })
    expect(doubt?.level).toBe('SUSPECT')
    expect(doubt?.reason).toMatch(/bytes sent.*-20 %.*; .*bytes received.*\+20 %/)
  })
})
