import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { jsonReport } from '../../src/report/json-report.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { longReport } from '../report/long-report.ts'
import { SAMPLE_CLUSTER } from '../report/sample-cluster.ts'
import { distributionOf } from '../report/sample-report.ts'
import { childrenOf, isAlive, startBench } from './bench-process.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-report-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A day with a bit of everything that a page draws. */
function dayOfCluster(): RunReport {
  const day = longReport(24 * 3_600)
  const absent = distributionOf(...Array.from({ length: 1_000 }, (_, at) => 5_000 * 1.008 ** at))
  const unavailability = { unit: 'us', response: absent, service: absent } as const
  return { ...day, metrics: { ...day.metrics, unavailability }, cluster: SAMPLE_CLUSTER }
}

function report(...words: readonly string[]) {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  return spawnSync(process.execPath, [bin, 'report', ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    maxBuffer: 1e8,
  })
}

/** Resolves as soon as a file of the folder matches: then whoever writes it has got that far. */
function untilMatches(out: string, name: string, wanted: RegExp): Promise<void> {
  mkdirSync(out)
  return new Promise((resolve) => {
    const watcher = watch(out, () => {
      const path = join(out, name)
      if (!existsSync(path) || !wanted.test(readFileSync(path, 'utf8'))) return
      watcher.close()
      resolve()
    })
  })
}

describe('a run with --out', () => {
  it('leaves files that report can show, draw and compare with themselves', async () => {
    const out = join(folder, 'whole')
    const words = ['-c', '100', '--mode', 'echo', '-R', '200', '-d', '2s', '--warmup', '0s']
    const { stdout } = await startBench([...words, '--out', out, '--quiet']).ended
    for (const name of [
      'report.html',
      'junit.xml',
      'intervals.hlog',
      'echo_latency.service.hgrm',
    ]) {
      expect(statSync(join(out, name)).size).toBeGreaterThan(100)
    }
    expect(report('show', out).stdout).toBe(stdout)
    expect(report('show', out, '--format', 'hlog').stdout).toBe(
      readFileSync(join(out, 'intervals.hlog'), 'utf8'),
    )
    expect(report('show', out, '--format', 'html').stdout).toBe(
      readFileSync(join(out, 'report.html'), 'utf8'),
    )
    const { status, stdout: compared } = report('compare', out, out, '--fail-if-worse', '0')
    expect([status, compared]).toEqual([0, expect.stringContaining('Same plan, same environment')])
  })

  it('that is killed still has a report, which says that it is partial', async () => {
    const out = join(folder, 'killed')
    const words = ['-c', '50', '--mode', 'echo', '-R', '100', '-d', '1m', '--warmup', '0s']
    const measured = untilMatches(out, 'intervals.ndjson', /"latency":.*"phase":"steady".*\n/)
    const bench = startBench([...words, '--out', out, '--quiet'])
    await measured
    const children = childrenOf(bench.pid)
    process.kill(bench.pid, 'SIGKILL')
    await bench.ended
    for (const pid of children.filter(isAlive)) process.kill(pid, 'SIGKILL')
    expect(existsSync(join(out, 'report.json'))).toBe(false)
    const { status, stdout } = report('show', out)
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^SUSPECT  partial: what was/)])
    const document: RunReport = JSON.parse(report('show', out, '--json').stdout)
    expect(document).toMatchObject({ partial: true, mode: 'echo' })
    expect(document.connections).toMatchObject({ requested: 50, established: 50 })
    expect(document.metrics.echo_latency?.response.count).toBeGreaterThan(0)
    expect(report('html', out, '--quiet').status).toBe(0)
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('partial: the run was killed')
  })
})

const executablePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((path) => [join(path, 'chromium'), join(path, 'chromium-browser')])
  .find((path) => existsSync(path))
const reason = executablePath === undefined ? ' (skipped: no chromium on PATH)' : ''

describe.skipIf(executablePath === undefined)(`the page in a browser${reason}`, () => {
  let browser: Browser
  let page: string
  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    browser = await chromium.launch({ executablePath: executablePath!, args })
    const day = join(folder, 'day.json')
    writeFileSync(day, jsonReport(dayOfCluster()))
    page = join(folder, 'day.html')
    expect(report('html', day, '--quiet').status).toBe(0)
  })
  afterAll(() => browser?.close())

  it('of a day is under 3 MB', () => {
    expect(statSync(page).size).toBeLessThan(3_000_000)
  })

  it.each([
    ['a desk', 1_200, 'light'],
    ['a phone in the dark', 390, 'dark'],
  ] as const)(
    'draws all plots on %s, fits, and asks for nothing',
    async (_, width, colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
      const tab = await context.newPage()
      const complaints: string[] = []
      const requests: string[] = []
      tab.on('console', (line) => complaints.push(line.text()))
      tab.on('pageerror', (error) => complaints.push(error.message))
      tab.on('request', (request) => requests.push(request.url()))
      await tab.goto(pathToFileURL(page).href)
      const captions = await tab.locator('figcaption').allTextContents()
      expect(captions).toEqual([
        'push latency',
        'unavailability',
        'Connections',
        'Messages per second',
        'Latency: median, p99, maximum, and how many took how long',
        'Pauses of garbage collectors',
        'TCP of the generator’s host',
        'CPU of the generator’s host',
        'connect time',
        'Devices of each node',
        'Devices told to move, in each second',
        'Devices by how long they were without service',
        expect.stringMatching(/^Memory of the generator/),
      ])
      expect(await tab.locator('canvas').count()).toBe(captions.length)
      const scrollWidth = await tab.evaluate('document.documentElement.scrollWidth')
      expect(scrollWidth).toBe(width)
      await tab.emulateMedia({ media: 'print' })
      expect(await tab.locator('canvas').count()).toBe(captions.length)
      expect(complaints).toEqual([])
      expect(requests).toEqual([pathToFileURL(page).href])
      await context.close()
    },
  )
})
