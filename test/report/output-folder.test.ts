import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  prepareOutputFolder,
  reportFiles,
  writeOutputFolder,
} from '../../src/report/output-folder.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'output-folder-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('a run leaves its report and a percentile file per distribution with samples', async () => {
  const folder = join(root, 'deep', 'er')
  const paths = await writeOutputFolder(folder, reportFiles(SAMPLE_REPORT))
  expect((await readdir(folder)).sort()).toEqual([
    'connect_time.response.hgrm',
    'connect_time.service.hgrm',
    'junit.xml',
    'push_latency.response.hgrm',
    'push_latency.service.hgrm',
    'report.json',
  ])
  expect(paths).toContain(join(folder, 'report.json'))
  expect(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'))).toEqual(SAMPLE_REPORT)
})

test('a second run replaces the files of the first', async () => {
  const folder = join(root, 'twice')
  await writeOutputFolder(folder, [['report.json', 'a much longer first text']])
  await writeOutputFolder(folder, [['report.json', 'second']])
  expect(await readFile(join(folder, 'report.json'), 'utf8')).toBe('second')
})

test('what is in the way is named, with what was expected', async () => {
  const file = join(root, 'file')
  await writeFile(file, '')
  await expect(prepareOutputFolder(file)).rejects.toMatchObject({
    code: 'PUSHCTL_FILE_UNWRITABLE',
    exitCode: 2,
    message:
      `--out must be a folder that can be written to, got "${file}": ` +
      'a file of that name is in the way',
  })
  await expect(prepareOutputFolder(join(file, 'below'))).rejects.toThrow(
    /a part of the path is a file, not a folder/,
  )
  const folder = join(root, 'blocked')
  await prepareOutputFolder(join(folder, 'report.json'))
  await expect(writeOutputFolder(folder, [['report.json', '']])).rejects.toThrow(
    /a folder of that name is in the way/,
  )
})

test.skipIf(process.getuid?.() === 0)('a folder of another owner is refused', async () => {
  const folder = join(root, 'closed')
  await prepareOutputFolder(folder)
  await chmod(folder, 0o500)
  await expect(prepareOutputFolder(folder)).rejects.toThrow(/this user may not write there/)
})
