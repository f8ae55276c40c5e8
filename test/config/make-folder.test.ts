import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeFolder } from '../../src/config/make-folder.ts'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pushctl-folder-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it('makes a folder with its parents, and is content with one that is there', async () => {
  await makeFolder(join(root, 'a/b/c'))
  await makeFolder(join(root, 'a/b'))
  expect(statSync(join(root, 'a/b/c')).isDirectory()).toBe(true)
})

it('fails where a parent is a file', async () => {
  writeFileSync(join(root, 'file'), '')
  await expect(makeFolder(join(root, 'file/a'))).rejects.toThrow('ENOTDIR')
})

it.runIf(process.platform === 'linux')(
  'ends below /proc, where no folder can be made',
  async () => {
    await expect(makeFolder('/proc/none/of/these')).rejects.toThrow('ENOENT')
  },
)

it('fails where a file has its name', async () => {
  writeFileSync(join(root, 'file'), '')
  await expect(makeFolder(join(root, 'file'))).rejects.toThrow('EEXIST')
})
