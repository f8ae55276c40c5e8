/**
 * A store on a disk that fills up and becomes read-only: a small tmpfs of its own, so it runs only
 * where this process may mount one.
 */
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_INBOX_LIMITS } from '../../src/server/store/inbox.ts'
import { DiskStore } from '../../src/server/store/disk-store.ts'
import { StagedInbox } from '../server/store/store-suite.ts'
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
