import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isBaselineName, keepBaseline, readRun } from '../../../src/commands/report/baselines.ts'
import { jsonReport } from '../../../src/report/json-report.ts'
import { SAMPLE_REPORT } from '../../report/sample-report.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baselines-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a run is kept under a name and read by it, and a later one takes its place', async () => {
  const file = join(folder, 'report.json')
  await writeFile(file, jsonReport(SAMPLE_REPORT))
  expect(await keepBaseline(folder, 'main', file)).toBe(join('.pushctl', 'baselines', 'main.json'))
  expect((await readRun(folder, '@main')).report).toEqual(SAMPLE_REPORT)
  await writeFile(file, jsonReport({ ...SAMPLE_REPORT, mode: 'echo' }))
  await keepBaseline(folder, 'main', file)
  expect((await readRun(folder, '@main')).report.mode).toBe('echo')
  await keepBaseline(folder, 'copy', '@main')
  expect((await readRun(folder, '@copy')).report.mode).toBe('echo')
})

test('a name that was never kept is said to be missing, with where it was looked for', async () => {
  const missing = join(folder, '.pushctl', 'baselines', 'none.json')
  await expect(readRun(folder, '@none')).rejects.toThrow(`"${missing}": there is no such file`)
})

test('names cannot lead out of their folder', () => {
  const names = ['main', 'v1.2', 'feature_x-3', '..', '../x', 'a/b', '', '.hidden', 'x'.repeat(65)]
  expect(names.filter(isBaselineName)).toEqual(['main', 'v1.2', 'feature_x-3'])
})
