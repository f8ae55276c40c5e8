/**
 * What every store must do, through the inbox that uses it. `reopen` closes and opens it again
 * where it outlives the process; a store in memory has none.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Inbox, type InboxLimits, type RemovalCause } from '../../../src/server/store/inbox.ts'
import type { PushStore } from '../../../src/server/store/push-store.ts'

export interface StoreStage {
  open(): Promise<PushStore>
  readonly outlives: boolean
  remove(): Promise<void>
}

const LIMITS: InboxLimits = {
  messagesPerDeviceMax: 12,
  bytesPerDeviceMax: 4_000,
  messagesMax: 500,
  unwrittenBytesMax: 1 << 20,
}
const NOW_S = 1_700_000_000
const MODE = 0

export class StagedInbox {
  readonly removed: [number, RemovalCause][] = []
  readonly records = new Map<string, Uint8Array>()
  readonly inbox: Inbox

  constructor(store: PushStore, limits = LIMITS) {
    this.inbox = new Inbox(store, limits, {
      onStored: () => {},
      onRemoved: (pushNumber, cause) => this.removed.push([pushNumber, cause]),
    })
  }

  async load(): Promise<this> {
    await this.inbox.load((key, value) => this.records.set(key, value))
    return this
  }

  put(device: number, text: string, expiresAtS = NOW_S + 60, pushNumber = 0): number {
    const row = this.inbox.deviceOf(device, device * 7)
    const payload = Buffer.from(text)
    this.inbox.checkRoom(1, payload.length)
    return this.inbox.put(row, payload, expiresAtS, pushNumber, MODE)
  }

  ack(device: number, seq: number): number {
    return this.inbox.ack(this.inbox.deviceOf(device, device * 7), seq)
  }

  drained(): Promise<boolean> {
    return this.inbox.commits.drained()
  }

  /** What is pending: 'seq payload', oldest first. */
  async pending(device: number): Promise<string[]> {
    const { devices, messages } = this.inbox.tables
    const row = devices.find(device, device * 7)
    const rows: number[] = []
    for (let at = devices.heads[row]; at !== 0; at = messages.nexts[at!]) rows.push(at!)
    expect(devices.pendingCounts[row]).toBe(rows.length)
    const owners = Uint32Array.from(rows, () => row)
    const payloads = await this.inbox.read(owners, Uint32Array.from(rows), rows.length)
    return rows.map((at, i) => `${messages.seqs[at]} ${Buffer.from(payloads[i]!).toString()}`)
  }

  nextSeq(device: number): number {
    const { devices } = this.inbox.tables
    return devices.nextSeqs[devices.find(device, device * 7)]!
  }
}

export function describeStore(name: string, makeStage: () => Promise<StoreStage>): void {
  describe(name, () => {
    let stage: StoreStage
    let staged: StagedInbox | undefined
    const open = async (limits = LIMITS) => {
      stage ??= await makeStage()
      staged = await new StagedInbox(await stage.open(), limits).load()
      return staged
    }
    const reopened = async (limits = LIMITS) => {
      await staged!.inbox.close()
      return open(limits)
    }
    afterEach(async () => {
      await staged?.inbox.close()
      await stage?.remove()
      staged = undefined
      stage = undefined as never
    })

    it('numbers the pushes of each device from 1 and gives them back until they are acked', async () => {
      let { put, ack, pending, nextSeq } = bound(await open())
      expect([put(1, 'a'), put(2, 'b'), put(1, 'c'), put(1, '')]).toEqual([1, 1, 2, 3])
      await staged!.drained()
      expect(await pending(1)).toEqual(['1 a', '2 c', '3 '])
      expect(ack(1, 2)).toBe(2)
      expect(ack(1, 2)).toBe(0)
      await staged!.drained()
      expect(await pending(1)).toEqual(['3 '])
      expect(await pending(2)).toEqual(['1 b'])
      if (!stage.outlives) return
      ;({ put, ack, pending, nextSeq } = bound(await reopened()))
      expect([await pending(1), await pending(2)]).toEqual([['3 '], ['1 b']])
      expect([nextSeq(1), nextSeq(2)]).toEqual([4, 2])
      ack(2, 1)
      ;({ put, pending } = bound(await reopened()))
      expect([await pending(2), put(2, 'd')]).toEqual([[], 2])
    })

    it('drops the oldest when a device has too many, or too much', async () => {
      const of = await open()
      for (let i = 1; i <= 14; i++) of.put(1, `m${i}`, NOW_S + 60, i)
      await of.drained()
      expect((await of.pending(1))[0]).toBe('3 m3')
      expect(of.removed).toEqual([
        [1, 'trimmed'],
        [2, 'trimmed'],
      ])
      of.put(1, 'x'.repeat(3_990))
      await of.drained()
      expect((await of.pending(1)).map((each) => each.length)).toEqual([6, 6, 6, 3993])
      of.put(1, 'y'.repeat(5_000))
      await of.drained()
      expect((await of.pending(1)).map((each) => each.length)).toEqual([5_003])
      expect(of.inbox.counts.trimmed).toBe(15)
    })

    it('lets messages go when their time is over', async () => {
      const of = await open()
      of.put(1, 'short', NOW_S + 5, 1)
      of.put(1, 'long', NOW_S + 50, 2)
      of.put(2, 'short', NOW_S + 5, 3)
      await of.drained()
      of.inbox.sweep(NOW_S + 4)
      expect(of.removed).toEqual([])
      of.inbox.sweep(NOW_S + 5)
      await of.drained()
      expect(of.removed.toSorted()).toEqual([
        [1, 'expired'],
        [3, 'expired'],
      ])
      expect([await of.pending(1), await of.pending(2)]).toEqual([['2 long'], []])
      expect(of.put(2, 'next')).toBe(2)
    })

    it('refuses what passes its limits, and goes on below them', async () => {
      const of = await open({ ...LIMITS, messagesMax: 2, unwrittenBytesMax: 100 })
      of.put(1, 'x'.repeat(60))
      expect(() => of.put(2, 'x'.repeat(60))).toThrow(
        expect.objectContaining({ code: 'PUSHCTL_STORE_BUSY' }),
      )
      expect(() => of.put(2, 'x'.repeat(101))).toThrow(/one push may store at most 0 MiB/)
      await of.drained()
      of.put(2, 'x'.repeat(60))
      expect(() => of.put(3, 'x')).toThrow(expect.objectContaining({ code: 'PUSHCTL_STORE_FULL' }))
      of.ack(1, 1)
      await of.drained()
      expect(of.put(3, 'x')).toBe(1)
    })

    it('skips to a number above what a device has received from an older store', async () => {
      const of = await open()
      const device = of.inbox.deviceOf(1, 7)
      of.inbox.skipTo(device, 42)
      of.inbox.skipTo(device, 7)
      expect(of.put(1, 'a')).toBe(42)
      of.inbox.skipTo(device, 100)
      expect(of.put(1, 'b')).toBe(43)
      await of.drained()
      if (stage.outlives) expect(await (await reopened()).pending(1)).toEqual(['42 a', '43 b'])
    })

    it('keeps records beside the inboxes', async () => {
      const of = await open()
      of.inbox.commits.batch.addRecord({ key: 'b/1', value: Buffer.from('one') })
      of.inbox.commits.batch.addRecord({ key: 'b/2', value: Buffer.from('two') })
      await of.drained()
      of.inbox.commits.batch.addRecord({ key: 'b/1', value: null })
      await of.drained()
      if (!stage.outlives) return
      const { records } = await reopened()
      expect([...records].map(([key, value]) => [key, Buffer.from(value).toString()])).toEqual([
        ['b/2', 'two'],
      ])
    })

    it('behaves like lists of messages, whatever comes in which order', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps(), { maxLength: 60 }), async (run) => {
          const model = new Model()
          await open()
          for (const step of run) {
            if (step.kind === 'put') {
              model.put(step.device, step.bytes, step.ttlS)
              staged!.put(step.device, textOf(step.device, step.bytes), NOW_S + step.ttlS)
            } else if (step.kind === 'ack') {
              expect(staged!.ack(step.device, step.seq)).toBe(model.ack(step.device, step.seq))
            } else if (step.kind === 'sweep') {
              staged!.inbox.sweep(NOW_S + step.ttlS)
              model.sweep(step.ttlS)
            } else if (step.kind === 'write') await staged!.drained()
            else if (stage.outlives) await reopened()
          }
          await staged!.drained()
          for (const device of [1, 2, 3]) {
            expect(await staged!.pending(device)).toEqual(model.pending(device))
          }
          await staged!.inbox.close()
          await stage.remove()
          staged = undefined
          stage = undefined as never
        }),
        { numRuns: 40 },
      )
    })
  })
}

function bound(staged: StagedInbox) {
  return {
    put: staged.put.bind(staged),
    ack: staged.ack.bind(staged),
    pending: staged.pending.bind(staged),
    nextSeq: staged.nextSeq.bind(staged),
  }
}

type Step =
  | { readonly kind: 'put'; readonly device: number; readonly bytes: number; readonly ttlS: number }
  | { readonly kind: 'ack'; readonly device: number; readonly seq: number }
  | { readonly kind: 'sweep'; readonly ttlS: number }
  | { readonly kind: 'write' | 'reopen' }

function steps(): fc.Arbitrary<Step> {
  const device = fc.integer({ min: 1, max: 3 })
  const ttlS = fc.integer({ min: 1, max: 4 })
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        device,
        ttlS,
        bytes: fc.oneof(fc.nat(40), fc.nat(3_000)),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('ack' as const), device, seq: fc.nat(20) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), ttlS }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'write' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  )
}

function textOf(device: number, bytes: number): string {
  return String(device).repeat(bytes)
}

/** The same, as plain lists. */
class Model {
  readonly #lists = new Map<number, { seq: number; bytes: number; ttlS: number }[]>()
  readonly #next = new Map<number, number>()

  put(device: number, bytes: number, ttlS: number): void {
    const list = this.#list(device)
    const seq = this.#next.get(device) ?? 1
    this.#next.set(device, seq + 1)
    list.push({ seq, bytes, ttlS })
    const total = () => list.reduce((sum, each) => sum + each.bytes, 0)
    while (list.length > LIMITS.messagesPerDeviceMax) list.shift()
    while (total() > LIMITS.bytesPerDeviceMax && list.length > 1) list.shift()
  }

  ack(device: number, seq: number): number {
    const list = this.#list(device)
    const count = list.filter((each) => each.seq <= seq).length
    list.splice(0, count)
    return count
  }

  /** Only from the front: what is expired behind a longer one goes when that one does. */
  sweep(nowS: number): void {
    for (const list of this.#lists.values()) while (list[0] && list[0].ttlS <= nowS) list.shift()
  }

  pending(device: number): string[] {
    return this.#list(device).map(({ seq, bytes }) => `${seq} ${textOf(device, bytes)}`)
  }

  #list(device: number) {
    const list = this.#lists.get(device) ?? []
    this.#lists.set(device, list)
    return list
  }
}
