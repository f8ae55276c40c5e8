/**
 * A store on a disk that fills up, becomes read-only, or takes only part of what is written: disks
 * of their own, so it runs only where this process may mount some.
 */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_INBOX_LIMITS } from '../../src/server/store/inbox.ts'
import { DiskStore } from '../../src/server/store/disk-store.ts'
import { StagedInbox } from '../server/store/store-suite.ts'
import { canLoop, LoopDisk } from './fixtures/loop-disk.ts'
import { canMount, SmallDisk } from './fixtures/small-disk.ts'

const EXPIRES_AT_S = 4_000_000_000
const BLOCK = 'x'.repeat(60_000)

describe.skipIf(!canMount)('a store on a disk', () => {
  let disk: SmallDisk
  let staged: StagedInbox | undefined
  beforeEach(async () => {
    disk = new SmallDisk(12)
    staged = await open()
  })
  afterEach(async () => {
    await staged?.inbox.close().catch(() => {})
    disk.remove()
  })

  const open = async () =>
    new StagedInbox(await DiskStore.open(join(disk.folder, 'store')), DEFAULT_INBOX_LIMITS).load()

  async function pushUntilRefused(): Promise<{ accepted: number; error: unknown }> {
    for (let accepted = 0; accepted < 1_000; accepted++) {
      staged!.put(1 + (accepted % 9), BLOCK, EXPIRES_AT_S)
      const error = await staged!.inbox.commits.commit().then(
        () => null,
        (cause: unknown) => cause,
      )
      if (error !== null) return { accepted, error }
    }
    throw new Error('the disk never filled up')
  }

  const count = () => staged!.inbox.tables.messages.count

  it('that is full refuses pushes, keeps what it accepted, and goes on when there is room', async () => {
    const ballast = join(disk.folder, 'ballast')
    writeFileSync(ballast, Buffer.alloc(8 << 20))
    const { accepted, error } = await pushUntilRefused()
    expect(error).toMatchObject({
      code: 'PUSHCTL_STORE_FAILED',
      message: expect.stringContaining(
        `expected to write to the store in ${disk.folder}/store, got: `,
      ),
    })
    expect(accepted).toBeGreaterThan(5)
    expect(count()).toBe(accepted)
    rmSync(ballast)
    const pushAgain = async (): Promise<number> => {
      const seq = staged!.put(1, 'after', EXPIRES_AT_S)
      return staged!.inbox.commits.commit().then(
        () => seq,
        () => new Promise((resolve) => setTimeout(resolve, 50)).then(pushAgain),
      )
    }
    const seq = await pushAgain()
    const pending = await staged!.pending(1)
    expect(pending.at(-1)).toBe(`${seq} after`)
    await staged!.inbox.close()
    staged = await open()
    expect(count()).toBe(accepted + 1)
    expect(await staged.pending(1)).toEqual(pending)
  })

  it('that is read-only cannot be opened, and says so', async () => {
    await staged!.inbox.close()
    staged = undefined
    disk.remount('ro')
    await expect(DiskStore.open(join(disk.folder, 'store'))).rejects.toMatchObject({
      code: 'PUSHCTL_STORE_UNUSABLE',
      message: expect.stringContaining('--data-dir must be a folder that can be written'),
    })
    disk.remount('rw')
    staged = await open()
    expect(statSync(join(disk.folder, 'store')).isDirectory()).toBe(true)
  })
})

describe.skipIf(!canLoop)('a store whose LevelDB can not be written, but its journal can', () => {
  let disk: LoopDisk
  let staged: StagedInbox
  const open = async () =>
    new StagedInbox(await DiskStore.open(join(disk.folder, 'store')), DEFAULT_INBOX_LIMITS).load()

  beforeEach(async () => {
    disk = new LoopDisk(256)
    staged = await open()
  })
  afterEach(async () => {
    await staged.inbox.close().catch(() => {})
    disk.remove()
  })

  const push = (device: number) => {
    const seq = staged.put(device, BLOCK, EXPIRES_AT_S)
    return staged.inbox.commits.commit().then(() => seq)
  }

  it('takes pushes until 16 MiB wait to be folded, and goes on when it can be written', async () => {
    const store = join(disk.folder, 'store')
    const logs = readdirSync(store).filter((name) => name.endsWith('.log'))
    const paths = [store, ...logs.map((name) => join(store, name))]
    disk.setWritable(false, ...paths)
    let accepted = 0
    let failingFrom = 0
    let refused: unknown = null
    try {
      for (; refused === null && accepted < 1_000; ) {
        await push(1 + (accepted % 9)).then(
          () => {
            accepted++
            failingFrom ||= staged.inbox.commits.isFailing ? accepted : 0
          },
          (cause: unknown) => (refused = cause),
        )
      }
    } finally {
      disk.setWritable(true, ...paths)
    }
    expect(refused).toMatchObject({ code: 'PUSHCTL_STORE_FAILED' })
    expect(accepted * BLOCK.length).toBeGreaterThan(16 << 20)
    expect(accepted * BLOCK.length).toBeLessThan(18 << 20)
    // Said long before it refuses: after the first 4 MiB, which have to be folded.
    expect(failingFrom * BLOCK.length).toBeGreaterThan(4 << 20)
    expect(failingFrom * BLOCK.length).toBeLessThan(8 << 20)
    expect(staged.inbox.commits.failure).toContain('expected to write to the store')
    const goOn = (): Promise<number> =>
      push(1).catch(() => new Promise((resolve) => setTimeout(resolve, 50)).then(goOn))
    await goOn()
    for (let i = 1; i <= 100; i++) await push(1 + (i % 9))
    expect(staged.inbox.commits.isFailing).toBe(false)
    await staged.inbox.close()
    staged = await open()
    const { messages } = staged.inbox.tables
    expect(messages.count).toBe(accepted + 101)
    for (let device = 1; device <= 9; device++) {
      for (const text of await staged.pending(device)) expect(text.endsWith(BLOCK)).toBe(true)
    }
  })
})
