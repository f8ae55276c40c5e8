import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, describe, expect, it } from 'vitest'
import { DiskStore } from '../../../src/server/store/disk-store.ts'
import { describeStore, StagedInbox } from './store-suite.ts'

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
    open: () => DiskStore.open(folder, foldAfterMs),
    outlives: true,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
describeStore('the store on disk, all in the journal', () => stageOf(3_600_000))
describeStore('the store on disk, folded at once', () => stageOf(-1))

/** First letters of the keys that LevelDB has: m a message, d a device, r a named value. */
async function keysOf(folder: string): Promise<string> {
  const level = new ClassicLevel(folder)
  const keys = await level.keys().all()
  await level.close()
  return keys.map((key) => key[0]).join('')
}

async function opened(folder: string, foldAfterMs?: number) {
  const store = await DiskStore.open(folder, foldAfterMs)
  return { store, of: await new StagedInbox(store).load() }
}

/** Nothing is left that the store wants to fold. */
async function folded(store: DiskStore, of: StagedInbox): Promise<void> {
  do {
    of.inbox.commits.schedule()
    await new Promise((resolve) => setTimeout(resolve, 2))
    await of.drained()
  } while (store.wantsWrite)
}

describe('the store on disk', () => {
  it('leaves no key of a message that was acked, however that met its folding', async () => {
    const folder = await newFolder()
    const { store, of } = await opened(folder, -1)
    for (let round = 1; round <= 60; round++) {
      for (let device = 1; device <= 5; device++) of.put(device, `round ${round}`)
      const written = of.inbox.commits.commit()
      if (round % 3 > 0) await written
      if (round % 4 === 0) await new Promise((resolve) => setTimeout(resolve, round % 7))
      for (let device = 1; device <= 5; device++) of.ack(device, round - (round % 5))
    }
    of.put(9, 'stays')
    for (let device = 1; device <= 5; device++) of.ack(device, 60)
    await of.drained()
    await folded(store, of)
    await of.inbox.close()
    expect(await keysOf(folder)).toMatch(/^0d{6}fm$/)
  })

  it('has a named value at once, while it is folded, after that, and once it is opened again', async () => {
    const folder = await newFolder()
    const names = ['p/1', 'p/2', 'p/none']
    let { store, of } = await opened(folder)
    const read = async () =>
      (await store.readRecords(names)).map((value) => value && Buffer.from(value).toString())
    const name = (key: string, value: string | null) =>
      of.inbox.commits.batch.addRecord({ key, value: value === null ? null : Buffer.from(value) })
    name('p/1', 'one')
    name('p/2', 'two')
    await of.drained()
    expect(await read()).toEqual(['one', 'two', null])
    name('p/1', null)
    name('p/2', 'newer')
    await of.drained()
    expect(await read()).toEqual([null, 'newer', null])
    await of.inbox.close()
    ;({ store, of } = await opened(folder, -1))
    expect(await read()).toEqual([null, 'newer', null])
    name('p/1', 'again')
    await of.drained()
    expect(await read()).toEqual(['again', 'newer', null])
    await folded(store, of)
    expect(await read()).toEqual(['again', 'newer', null])
    await of.inbox.close()
    expect(await keysOf(folder)).toMatch(/^0frr$/)
  })

  it('takes as much disk after many pushes as after few', async () => {
    const folder = await newFolder()
    const { store, of } = await opened(folder, -1)
    for (let round = 1; round <= 400; round++) {
      for (let device = 1; device <= 9; device++) of.put(device, 'x'.repeat(3_900))
      await of.inbox.commits.commit()
      for (let device = 1; device <= 9; device++) of.ack(device, round)
    }
    await of.drained()
    await folded(store, of)
    const { length } = await readdir(join(folder, 'journal'))
    expect(length).toBeLessThanOrEqual(9)
    await of.inbox.close()
  })

  it('refuses a folder in which an accepted push is damaged', async () => {
    const folder = await newFolder()
    const { of } = await opened(folder)
    for (const text of ['first', 'second', 'third']) {
      of.put(1, text)
      await of.inbox.commits.commit()
    }
    await of.inbox.close()
    for (const name of await readdir(join(folder, 'journal'))) {
      const path = join(folder, 'journal', name)
      const bytes = await readFile(path)
      const at = bytes.indexOf('second')
      if (at < 0) continue
      // Behind it a record of the same use is whole: this is no write that a crash cut short.
      const third = bytes.indexOf('third')
      expect(third).toBeGreaterThan(at)
      bytes[at]! ^= 1
      await writeFile(path, bytes)
    }
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'PUSHCTL_STORE_UNUSABLE',
      message: `expected a whole journal record 2 in ${folder}, got a damaged one`,
    })
  })

  it('is held by one process at a time', async () => {
    const folder = await newFolder()
    const store = await DiskStore.open(folder)
    await expect(DiskStore.open(folder)).rejects.toMatchObject({
      code: 'PUSHCTL_STORE_LOCKED',
      message: `--data-dir must be free, got ${folder}, which another process holds`,
    })
    await store.close()
    await (await DiskStore.open(folder)).close()
  })

  it('keeps the key under which devices are stored', async () => {
    const folder = await newFolder()
    const first = await DiskStore.open(folder)
    await first.close()
    const second = await DiskStore.open(folder)
    expect([...second.hashKey]).toEqual([...first.hashKey])
    await second.close()
  })

  it('says what is wrong with a folder that is a file', async () => {
    await expect(DiskStore.open('/dev/null/store')).rejects.toMatchObject({
      code: 'PUSHCTL_STORE_UNUSABLE',
    })
  })
})
