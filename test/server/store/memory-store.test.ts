import { expect, it } from 'vitest'
import { DEFAULT_INBOX_LIMITS } from '../../../src/server/store/inbox.ts'
import { MemoryStore } from '../../../src/server/store/memory-store.ts'
import { describeStore, StagedInbox } from './store-suite.ts'

describeStore('the store in memory', async () => ({
  open: async () => new MemoryStore(64 << 20),
  outlives: false,
  remove: async () => {},
}))

it('a full store refuses a push, keeps its number for the next, and has room after an ack', async () => {
  const of = await new StagedInbox(new MemoryStore(2_048), DEFAULT_INBOX_LIMITS).load()
  of.put(1, 'x'.repeat(1_000))
  of.put(2, 'y'.repeat(1_000))
  expect(await of.drained()).toBe(true)
  expect(of.put(1, 'z'.repeat(1_000))).toBe(2)
  const refused = of.inbox.commits.commit()
  await expect(refused).rejects.toMatchObject({ code: 'PUSHCTL_STORE_FULL' })
  expect(of.ack(2, 1)).toBe(1)
  expect(await of.drained()).toBe(true)
  expect(of.put(1, 'z'.repeat(1_000))).toBe(2)
  expect(await of.drained()).toBe(true)
  expect((await of.pending(1)).map((each) => each.slice(0, 3))).toEqual(['1 x', '2 z'])
})
