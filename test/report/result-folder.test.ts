import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonReport } from '../../src/report/json-report.ts'
import { readSavedRun } from '../../src/report/result-folder.ts'
import { RunRecording } from '../../src/report/run-recording.ts'
import { textReport } from '../../src/report/text-report.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { RecordedRow } from '../../src/stats/run-record.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'result-folder-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const { mode, targets, engine, environment } = SAMPLE_REPORT

const PHASES = ['connect', 'connect', 'warm-up', 'steady', 'steady', 'steady']

function rowOf(second: number, phase: string): RecordedRow {
  const latencies = { p50: second, p99: second, max: second }
  const counts = { connections: 90, sent: 10, received: 9, ...latencies }
  const host = { time_wait: 7, retransmits: 2, listen_overflows: 0, softnet_drops: null }
  return {
    ...{ at_ms: second * 1000, span_ms: 1000, ...counts, host: { ...host, cpu_percent: 50 } },
    ...{ phase, attempted: 100, established: 95, failed: 5 },
  }
}

/** The folder of a run that was killed after the last phase named. */
async function killedRun(startedAt = '2026-11-20T11:00:00.000Z', phases = PHASES): Promise<string> {
  const folder = await mkdtemp(join(root, 'run-'))
  const recording = new RunRecording(folder)
  recording.begin({
    ...{ mode, targets, engine, environment, latency_metric: 'push_latency' },
    started_at: startedAt,
    plan: { headline: 'a plan', connections: 100 },
  })
  for (const [index, phase] of phases.entries()) {
    const latencies = new LatencyRecorder()
    if (phase === 'steady' || phase === 'warm-up') latencies.recordUsCount((index + 1) * 100, 9)
    recording.row(rowOf(index + 1, phase), latencies)
  }
  expect(recording.failure).toBeNull()
  recording.close()
  return folder
}

test('a killed run has a report of its measured time', async () => {
  const { report, hlog } = await readSavedRun(await killedRun())
  expect(report).toMatchObject({
    ...{ interrupted: true, partial: true, duration_ms: 3_000, mode, targets },
    connections: { requested: 100, attempted: 100, established: 95, failed: 5, alive_at_end: 90 },
    messages: { sent: 30, received: 27, sent_per_second: 10, received_per_second: 9 },
    host: { delta: { retransmits: 12, softnet_drops: null }, after: { time_wait: 7 } },
  })
  expect(report.connections.connects_per_second).toBe(47.5)
  expect(report.metrics.push_latency?.response).toMatchObject({ count: 27, min: 400, max: 600 })
  expect(report.intervals).toHaveLength(6)
  expect(Object.keys(report.intervals[0]!)).not.toContain('phase')
  expect(hlog).toContain('HISTFAAAA')
  expect(
    textReport(report, { width: 100, color: false }).split('\n').slice(0, 6).join('\n'),
  ).toMatchInlineSnapshot(`
    "SUSPECT  partial: what was measured in 3 s
      - partial: the run has written no report (killed, or it still goes on); it had come to "steady", 6
        s after its start
      - latencies and rates are of 3 s of the measured time; late, unsent, lost and duplicated messages
        are not known and stand as 0
    "
  `)
})

test('half a last line is left out, in both files', async () => {
  const folder = await killedRun()
  const rows = await readFile(join(folder, 'intervals.ndjson'), 'utf8')
  await truncate(join(folder, 'intervals.ndjson'), rows.length - 20)
  await appendFile(join(folder, 'intervals.hlog'), '6.000,1.000,0.7')
  const { report } = await readSavedRun(folder)
  expect(report.intervals).toHaveLength(5)
  expect(report.metrics.push_latency?.response.count).toBe(18)
})

test('a run that was killed while connecting says how far it came', async () => {
  const { report } = await readSavedRun(await killedRun(undefined, ['connect']))
  expect(report.metrics).toEqual({})
  expect(report.verdict.reasons.join(' ')).toMatch(
    /it had come to "connect", 1 s after its start nothing of the measured time is in it/,
  )
})

test('without the interval log the rows still tell', async () => {
  const folder = await killedRun()
  await rm(join(folder, 'intervals.hlog'))
  const { report, hlog } = await readSavedRun(folder)
  expect([report.messages.sent, report.metrics, hlog]).toEqual([30, {}, null])
})

test('the report of a run that ended is read from its folder or by itself', async () => {
  const folder = await killedRun('2026-11-20T10:00:00.000Z')
  await writeFile(join(folder, 'report.json'), jsonReport(SAMPLE_REPORT))
  expect((await readSavedRun(folder)).report).toEqual(SAMPLE_REPORT)
  const { report, hlog } = await readSavedRun(join(folder, 'report.json'))
  expect([report, hlog]).toEqual([SAMPLE_REPORT, null])
})

test('a killed run is not taken for the earlier one that left its report there', async () => {
  const folder = await killedRun('2026-11-21T10:00:00.000Z')
  await writeFile(join(folder, 'report.json'), jsonReport(SAMPLE_REPORT))
  expect((await readSavedRun(folder)).report.partial).toBe(true)
})

test('what is missing or damaged is said', async () => {
  const empty = await mkdtemp(join(root, 'empty-'))
  await expect(readSavedRun(empty)).rejects.toMatchObject({
    code: 'PUSHCTL_FILE_UNREADABLE',
    message: expect.stringMatching(/the folder has neither report.json nor intervals.ndjson$/),
  })
  await expect(readSavedRun(join(empty, 'no.json'))).rejects.toThrow(/there is no such file$/)
  await writeFile(join(empty, 'intervals.ndjson'), '{"schema":"pushctl.ben')
  await expect(readSavedRun(empty)).rejects.toThrow(/ended before it had written anything$/)
  await writeFile(join(empty, 'intervals.ndjson'), '{"schema":"pushctl.bench-record/9"}\n')
  await expect(readSavedRun(empty)).rejects.toThrow(
    /it is pushctl.bench-record\/9, and this pushctl reads pushctl.bench-record\/1$/,
  )
  await writeFile(join(empty, 'report.json'), '{"schema":"pushctl.bench/1",')
  await expect(readSavedRun(empty)).rejects.toThrow(/report.json": it ends in the middle/)
})

test('a disk that takes nothing more ends the record, not the run', () => {
  const recording = new RunRecording(join(root, 'not', 'there'))
  const { plan, started_at } = SAMPLE_REPORT
  const header = { mode, targets, engine, environment, plan, started_at }
  recording.begin({ ...header, latency_metric: 'push_latency' })
  recording.row(rowOf(1, 'steady'), new LatencyRecorder())
  recording.close()
  expect(recording.failure?.message).toContain('ENOENT')
})
