/**
 * A day of load as report.html, made by pushctl from a real run whose seconds are repeated, and
 * drawn by Chromium: bytes, and time until all plots stand.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HostFault } from '../compile.js'

const DAY_MS = 24 * 3_600_000
/** As many rows as the report of a run that is planned for a day has (docs/reports.md). */
const ROWS = 3_600
const OPENINGS = 5

export async function measurePage({ pushctl, quick }) {
  const executablePath = findChromium()
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-page-'))
  try {
    const out = join(folder, 'out')
    run(pushctl, [
      ...['bench', '--mode', 'unicast', '-c', '500', '-R', '2000', '-d', quick ? '3s' : '20s'],
      ...['--doctor', 'off', '--quiet', '--out', out],
    ])
    const file = join(folder, 'day.json')
    const real = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    writeFileSync(file, JSON.stringify(dayOf(real)))
    const startedMs = performance.now()
    run(pushctl, ['report', 'html', file, '--quiet'])
    const writtenMs = performance.now() - startedMs
    const page = join(folder, 'day.html')
    const { size } = statSync(page)
    return { bytes: size, writtenMs, ...(await drawn(executablePath, page)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Each row is one of the run's, as if 24 seconds had been like it. */
function dayOf(report) {
  const span = DAY_MS / ROWS
  const steady = report.intervals.filter(({ max }) => max > 0)
  const intervals = Array.from({ length: ROWS }, (_, index) => {
    const row = steady[(index * 7) % steady.length]
    return { ...row, at_ms: (index + 1) * span, span_ms: span }
  })
  return { ...report, duration_ms: DAY_MS, intervals }
}

async function drawn(executablePath, page) {
  const { chromium } = await import('playwright-core')
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  const browser = await chromium.launch({ executablePath, args })
  try {
    const drawnMs = []
    const loadedMs = []
    for (let opening = 0; opening < OPENINGS; opening++) {
      const tab = await browser.newPage({ viewport: { width: 1_200, height: 800 } })
      await tab.goto(pathToFileURL(page).href)
      const told = await tab.evaluate(
        '[document.documentElement.dataset.drawnMs, performance.timing.loadEventEnd - ' +
          'performance.timing.navigationStart, document.querySelectorAll("canvas").length]',
      )
      if (told[2] === 0) throw new Error('the page has no plots')
      drawnMs.push(Number(told[0]))
      loadedMs.push(Number(told[1]))
      await tab.close()
    }
    return { drawnMs, loadedMs }
  } finally {
    await browser.close()
  }
}

/** A verdict other than VALID has exit code 5: figures of the run are not looked at here. */
function run(pushctl, words) {
  try {
    execFileSync(process.execPath, [pushctl, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    if (error.status !== 5) throw new Error(String(error.stderr || error.message).trim())
  }
}

function findChromium() {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
    .find((path) => existsSync(path))
  if (found === undefined) throw new HostFault('chromium is needed on PATH for --only page')
  return found
}
