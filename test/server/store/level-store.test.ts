import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { LevelStore } from '../../../src/server/store/level-store.ts'
import { describeStore } from './store-suite.ts'

const folders: string[] = []
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pushctl-store-'))
  folders.push(folder)
  return folder
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

const stageOf = async (foldAfterMs: number) => {
  const folder = await newFolder()
  return {
    open: () => LevelStore.open(folder, foldAfterMs),
    outlives: true,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
describeStore('the store on disk, all in the journal', () => stageOf(3_600_000))
describeStore('the store on disk, folded at once', () => stageOf(-1))

describe('the store on disk', () => {
  it('is held by one process at a time', async () => {
    const folder = await newFolder()
    const store = await LevelStore.open(folder)
    await expect(LevelStore.open(folder)).rejects.toMatchObject({
      code: 'PUSHCTL_STORE_LOCKED',
      message: `--data-dir must be free, got ${folder}, which another process holds`,
    })
    await store.close()
    await (await LevelStore.open(folder)).close()
  })

  it('keeps the key under which devices are stored', async () => {
    const folder = await newFolder()
    const first = await LevelStore.open(folder)
    await first.close()
    const second = await LevelStore.open(folder)
    expect([...second.hashKey]).toEqual([...first.hashKey])
    await second.close()
  })

  it('says what is wrong with a folder that is a file', async () => {
    await expect(LevelStore.open('/dev/null/store')).rejects.toMatchObject({
      code: 'PUSHCTL_STORE_UNUSABLE',
    })
  })
})
