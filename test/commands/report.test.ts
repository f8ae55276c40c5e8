import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../src/commands/report.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { jsonReport } from '../../src/report/json-report.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { longReport } from '../report/long-report.ts'
import { distributionOf, SAMPLE_REPORT } from '../report/sample-report.ts'
import { startCommand } from './command-run.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function report(...words: readonly string[]) {
  const run = startCommand(command as unknown as AnyCommand, words)
  const code = await run.ended
  return { code, out: run.host.out(), err: run.host.err() }
}

async function saved(name: string, run: RunReport): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, jsonReport(run))
  return path
}

/** Percentiles of connecting that are `factor` times as high. */
function connecting(factor: number): RunReport {
  const values = Array.from({ length: 2_000 }, (_, index) => (1_000 + index) * factor)
  const times = distributionOf(...values)
  const connect_time = { unit: 'us' as const, response: times, service: times }
  return { ...SAMPLE_REPORT, metrics: { connect_time } }
}

describe('pushctl report show', () => {
  it('prints the report as bench did, or as its document', async () => {
    const file = await saved('show.json', SAMPLE_REPORT)
    const text = await report('show', file)
    expect([text.code, text.err]).toEqual([0, ''])
    expect(text.out).toMatch(/^SUSPECT\n/)
    expect(JSON.parse((await report('show', file, '--json')).out)).toEqual(SAMPLE_REPORT)
  })

  it('prints every other format', async () => {
    const file = await saved('formats.json', longReport(5))
    const format = async (name: string, ...more: string[]) =>
      (await report('show', file, '--format', name, ...more)).out
    expect(await format('csv')).toMatch(/^at_ms,span_ms,/)
    expect(await format('junit')).toMatch(/^<\?xml /)
    expect(await format('prometheus')).toMatch(/^# HELP pushctl_bench_verdict /)
    expect(await format('html')).toMatch(/^<!doctype html>/)
    expect(JSON.parse(await format('json'))).toEqual(longReport(5))
    const push = await format('hgrm')
    expect(push).toContain('Percentile TotalCount 1/(1-Percentile)')
    expect(await format('hgrm', '--metric', 'push_latency.response')).toBe(push)
    expect(await format('hgrm', '--metric', 'push_latency.service')).not.toBe(push)
  })

  it('says what a format needs', async () => {
    const file = await saved('needs.json', SAMPLE_REPORT)
    const hlog = await report('show', file, '--format', 'hlog')
    expect([hlog.code, hlog.err]).toEqual([2, expect.stringContaining('needs the folder that')])
    const metric = await report('show', file, '--format', 'hgrm', '--metric', 'echo')
    expect(metric.err).toContain('--metric must name what the run measured, got "echo"')
    expect(metric.err).toContain('try  --metric connect_time.response')
  })
})

describe('pushctl report html', () => {
  it('puts the page beside the report, or where it is told', async () => {
    const file = await saved('page.json', SAMPLE_REPORT)
    expect((await report('html', file)).out).toBe(`${join(folder, 'page.html')}\n`)
    expect(await readFile(join(folder, 'page.html'), 'utf8')).toMatch(/^<!doctype html>/)
    const other = join(folder, 'other.html')
    const { out } = await report('html', file, '--out', other, '--json', '--quiet')
    expect(JSON.parse(out)).toEqual({ schema: 'pushctl.report-html/1', pages: [other] })
  })
})

describe('pushctl report compare', () => {
  it('ends with 99 where the second run is worse by more than was allowed', async () => {
    const [a, b] = [await saved('a.json', connecting(1)), await saved('b.json', connecting(1.2))]
    const gate = await report('compare', a, b, '--fail-if-worse', '10')
    expect(gate.code).toBe(99)
    expect(gate.out).toContain(
      'worse by 10 % or more, beyond noise: connect_time.response.p50, connect_time.response.p99',
    )
    expect((await report('compare', a, b, '--fail-if-worse', '30')).code).toBe(0)
    expect((await report('compare', b, a, '--fail-if-worse', '10')).code).toBe(0)
    expect((await report('compare', a, b)).code).toBe(0)
  })

  it('refuses runs of another plan, with what differs, unless it is told to', async () => {
    const a = await saved('a.json', connecting(1))
    const b = await saved('echo.json', { ...connecting(1.2), mode: 'echo' })
    const refused = await report('compare', a, b)
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('they differ in mode unicast and echo')
    expect(refused.err).toContain('--anyway')
    const told = await report('compare', a, b, '--anyway', '--json')
    expect(JSON.parse(told.out)).toMatchObject({
      schema: 'pushctl.report-compare/1',
      differences: [{ name: 'mode', a: 'unicast', b: 'echo', matters: true }],
      worse: [],
    })
  })
})

describe('pushctl report merge', () => {
  it('prints the merged report, writes it, and says what is left out', async () => {
    const broadcast = {
      unit: 'us' as const,
      response: distributionOf(1),
      service: distributionOf(1),
    }
    const a = await saved('host-a.json', {
      ...longReport(5),
      metrics: { ...SAMPLE_REPORT.metrics, broadcast_all: broadcast },
    })
    const b = await saved('host-b.json', {
      ...longReport(5),
      started_at: '2026-11-20T10:00:01.000Z',
    })
    const merged = join(folder, 'merged.json')
    const { code, out, err } = await report('merge', a, b, '--out', merged)
    expect(code).toBe(0)
    expect(out).toContain('100,000 requested')
    expect(err).toContain('left out: broadcast_all: ')
    expect(JSON.parse(await readFile(merged, 'utf8')).plan.merged).toHaveLength(2)
    expect((await report('show', merged)).out).toBe(out)
  })

  it('says why two reports do not belong together', async () => {
    const file = await saved('twice.json', SAMPLE_REPORT)
    const { code, err } = await report('merge', file, file)
    expect([code, err]).toEqual([2, expect.stringContaining('are the same run')])
  })
})

describe('pushctl report with wrong words', () => {
  it.each([
    [['shwo', 'x'], 'ACTION must be show, html, compare, baseline, merge, got "shwo"'],
    [['compare', 'x'], 'report compare needs 2 FILEs, got 1'],
    [['show', 'x', 'y'], 'report show needs 1 FILE, got 2'],
    [['baseline', '../up', 'x'], 'a baseline has a name of letters, digits'],
    [['show', '@../up'], 'a baseline has a name of letters, digits'],
    [['merge', 'x'], 'report merge needs at least 2 FILEs, got 1'],
    [['merge', 'x', 'y', '--format', 'csv'], '--format means nothing for report merge'],
    [['show', 'x', '--fail-if-worse', '5'], '--fail-if-worse means nothing for report show'],
    [['show', 'x', '--metric', 'push_latency'], '--metric goes with --format hgrm'],
    [['html', 'x', 'y', '--out', 'z'], '--out names one page, so it goes with one FILE'],
    [['show'], 'FILE'],
  ])('%j is refused', async (words, message) => {
    const { code, err } = await report(...words)
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
  })

  it('names a file that is not there, and one of another version', async () => {
    const { code, err } = await report('show', join(folder, 'none'))
    expect([code, err]).toEqual([2, expect.stringContaining('there is no such file')])
    const later = join(folder, 'later.json')
    await writeFile(later, '{"schema":"pushctl.bench/7"}')
    const refused = await report('show', later)
    expect(refused.err).toContain(
      'it is "pushctl.bench/7", and this pushctl reads "pushctl.bench/1"',
    )
    expect(refused.err).toContain('try  read it with the version of pushctl that wrote it')
  })
})
