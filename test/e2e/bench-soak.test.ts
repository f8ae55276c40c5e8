/** A load that stands: neither side grows, and what is recorded of it stays small. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { bench } from './bench-process.ts'

const MIB = 1024 * 1024
const STEADY_SECONDS = 34
/** What may be shown to have come on top in the settled part, at most: noise of a young heap. */
const GROWN_BYTES_MAX = 2 * MIB
/** A busy machine may starve the generator (5): memory is memory all the same. */
const DONE = [0, 5]

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

it('a standing load grows neither bench nor its node, and is recorded in bounded space', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-soak-'))
  folders.push(folder)
  const load = ['-c', '200', '--mode', 'unicast', '-R', '200', '-w', '1']
  const times = ['--warmup', '2s', '-d', `${STEADY_SECONDS}s`]
  const { status, report } = await bench([...load, ...times, '--out', folder])
  expect(DONE).toContain(status)
  const { generator_bytes_per_hour: generator, target_bytes_per_hour: target } = report.memory
  const settledHours = (STEADY_SECONDS * 2) / 3 / 3_600
  for (const growth of [generator, target]) {
    expect(growth).toBeDefined()
    const proven = growth!.value - growth!.error
    expect(proven * settledHours).toBeLessThan(GROWN_BYTES_MAX)
  }
  const [source] = report.target?.sources ?? []
  expect(source.failed).toBe(0)
  expect(source.points.length).toBeLessThanOrEqual(300)
  const rows = readFileSync(join(folder, 'intervals.ndjson'), 'utf8').trim().split('\n')
  // One a second, a header, and what a slow start and end take.
  expect(rows.length).toBeLessThan(STEADY_SECONDS + 40)
  expect(Buffer.byteLength(readFileSync(join(folder, 'report.html')))).toBeLessThan(1_000_000)
}, 120_000)
