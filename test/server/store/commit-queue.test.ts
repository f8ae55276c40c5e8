import { describe, expect, it } from 'vitest'
import { PushctlError } from '../../../src/errors/pushctl-error.ts'
import { DEFAULT_INBOX_LIMITS } from '../../../src/server/store/inbox.ts'
import { MemoryStore } from '../../../src/server/store/memory-store.ts'
import type { WriteBatch } from '../../../src/server/store/write-batch.ts'
import { StagedInbox } from './store-suite.ts'

/** A store whose writes wait for the test, and fail when it says so. */
class HeldStore extends MemoryStore {
  readonly putCounts: number[] = []
  #settle: ((failure: Error | null) => void)[] = []

  override write(batch: WriteBatch): Promise<void> {
    this.putCounts.push(batch.putCount)
    return new Promise<Error | null>((resolve) => this.#settle.push(resolve)).then((failure) => {
      if (failure !== null) throw failure
      return super.write(batch)
    })
  }

  get isWriting(): boolean {
    return this.#settle.length > 0
  }

  async settle(failure: Error | null = null): Promise<void> {
    this.#settle.shift()!(failure)
    await turns()
  }
}

const FULL = new PushctlError('PUSHCTL_STORE_FAILED', 'no space left')
/** All that is due in the loop has run. */
const turns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

async function open() {
  const store = new HeldStore(1 << 20)
  return { store, of: await new StagedInbox(store, DEFAULT_INBOX_LIMITS).load() }
}

describe('the commit queue', () => {
  it('writes one turn at a time, and gathers what comes while a write runs', async () => {
    const { store, of } = await open()
    of.put(1, 'a')
    of.put(2, 'b')
    const first = of.inbox.commits.commit()
    await turns()
    for (const text of ['c', 'd', 'e']) of.put(1, text)
    const second = of.inbox.commits.commit()
    await turns()
    expect(store.putCounts).toEqual([2])
    await store.settle()
    await first
    expect(store.putCounts).toEqual([2, 3])
    await store.settle()
    await second
    expect(await of.pending(1)).toEqual(['1 a', '2 c', '3 d', '4 e'])
  })

  it('accepts nothing of a write that failed, nor of what gathered behind it, and gives the numbers again', async () => {
    const { store, of } = await open()
    of.put(1, 'kept')
    const kept = of.inbox.commits.commit()
    await turns()
    await store.settle()
    await kept
    of.put(1, 'lost')
    const failing = of.inbox.commits.commit()
    await turns()
    of.put(1, 'behind')
    of.put(2, 'behind')
    of.ack(1, 1)
    const behind = of.inbox.commits.commit()
    await store.settle(FULL)
    await expect(failing).rejects.toBe(FULL)
    await expect(behind).rejects.toBe(FULL)
    expect(of.inbox.counts).toMatchObject({ failed: 3, acked: 1 })
    expect(store.isWriting).toBe(false)
    // The ack was not lost with them, and the numbers go on where nothing was stored.
    expect([of.put(1, 'again'), of.put(2, 'first')]).toEqual([2, 1])
    const again = of.inbox.commits.commit()
    await turns()
    await store.settle()
    await again
    expect([await of.pending(1), await of.pending(2)]).toEqual([['2 again'], ['1 first']])
    expect(of.inbox.tables.messages.count).toBe(2)
  })

  it('does not ask a store that fails again and again on its own', async () => {
    const { store, of } = await open()
    of.put(1, 'a')
    const first = of.inbox.commits.commit()
    await turns()
    await store.settle()
    await first
    of.ack(1, 1)
    await turns()
    await store.settle(FULL)
    await turns()
    expect(store.putCounts).toEqual([1, 0])
    of.inbox.sweep(0)
    await turns()
    expect(store.putCounts).toEqual([1, 0, 0])
    await store.settle()
    expect(of.inbox.tables.messages.count).toBe(0)
  })

  it('refuses what passes its limit while the store stands still', async () => {
    const { store, of } = await open()
    of.put(1, 'a')
    void of.inbox.commits.commit()
    await turns()
    const payload = new Uint8Array(60 << 20)
    of.inbox.checkRoom(1, payload.length)
    of.inbox.put(of.inbox.deviceOf(1, 7), payload, 2_000_000_000, 0, 0)
    expect(() => of.inbox.checkRoom(1, 5 << 20)).toThrow(
      expect.objectContaining({ code: 'PUSHCTL_STORE_BUSY' }),
    )
    expect(of.inbox.commits.stalledMs).toBeGreaterThan(0)
    await store.settle()
  })
})
