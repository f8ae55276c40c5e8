import { describe, expect, it } from 'vitest'
import { htmlReport } from '../../src/report/html/html-report.ts'
import { estimateText, targetItems } from '../../src/report/target-lines.ts'
import { jsonReport } from '../../src/report/json-report.ts'
import { parseRunReport } from '../../src/report/run-report-file.ts'
import { textReport } from '../../src/report/text-report.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import type { TargetSourceReport } from '../../src/stats/target-report.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

const MIB = 1024 * 1024
const SOURCE: TargetSourceReport = {
  name: 'process 4242 (nginx)',
  runtime: null,
  readings: 90,
  failed: 0,
  failure: null,
  memory_of: 'resident',
  memory_bytes: { first: 80 * MIB, highest: 220 * MIB, last: 210 * MIB },
  cpu_percent: { idle: 0.3, mean: 41, highest: 97.5 },
  bytes_per_connection: { value: 12_595, error: 205 },
  cpu_us_per_message: { value: 14.2, error: 0.3 },
  cpu_us_per_connect: { value: 55, error: 4 },
  cpu_us_per_connection_second: null,
  bytes_per_hour: { value: -2_000, error: 90_000 },
  points: [
    [0, 0, 80 * MIB, null],
    [1_000, 500, null, 12.5],
  ],
}
const REPORT: RunReport = {
  ...SAMPLE_REPORT,
  target: { sources: [SOURCE] },
  memory: { ...SAMPLE_REPORT.memory, generator_bytes_per_hour: { value: 4_000, error: 9_000 } },
  connections: {
    ...SAMPLE_REPORT.connections,
    replaced: { planned: 100, done: 97, late: 2, away: 1, undone: 2 },
  },
}

describe('what the target took', () => {
  it('has each slope with its error, and says where it is none', () => {
    expect(targetItems(SOURCE).map(({ name, text }) => `${name}: ${text}`)).toEqual([
      'memory per connection: 12.3 KiB ± 205 B',
      'CPU per message: 14.2 µs ± 0.3 µs',
      'CPU per connect: 55 µs ± 4 µs',
      'CPU of one core: 0.3 % at rest, 41 % mean, 97.5 % highest',
      'memory: 80 MiB to 210 MiB, highest 220 MiB',
      'growth per hour: -1.95 KiB ± 87.9 KiB (not told apart from none)',
    ])
  })

  it('says what could not be read', () => {
    const failed = { ...SOURCE, readings: 0, failed: 9, failure: 'answered with status 404' }
    const nothing = { ...failed, memory_bytes: null, cpu_percent: null, bytes_per_hour: null }
    const none = { bytes_per_connection: null, cpu_us_per_message: null, cpu_us_per_connect: null }
    expect(targetItems({ ...nothing, ...none })).toEqual([
      { name: 'readings', text: '9 of 9 failed: answered with status 404' },
    ])
  })

  it('is in text and page, with the connections that were replaced', () => {
    const text = textReport(REPORT, { width: 120, color: false })
    expect(text).toContain(
      'Target        process 4242 (nginx) · memory per connection 12.3 KiB ± 205 B',
    )
    expect(text).toContain('97 of 100 replaced · 2 late (2.06 %) · 1 away (1 %) · 2 not done (2 %)')
    expect(text).toContain(
      'growth per hour: generator 3.91 KiB ± 8.79 KiB (not told apart from none)',
    )
    const page = htmlReport(REPORT, { script: '', style: '' })
    expect(page).toContain('<h3>process 4242 (nginx)</h3>')
    expect(page).toContain('<h3>Replaced connections</h3>')
    expect(page).toContain('14.2 µs ± 0.3 µs')
  })

  it('cannot become markup or move a cursor', () => {
    const name = '"><script>alert(1)</script>\u001b[2J'
    const report = { ...REPORT, target: { sources: [{ ...SOURCE, name, runtime: name }] } }
    expect(htmlReport(report, { script: '', style: '' })).not.toContain('<script>alert')
    expect(textReport(report, { width: 100, color: false })).not.toContain('\u001b')
  })

  it('is written and read again', () => {
    expect(parseRunReport(jsonReport(REPORT), 'x').target).toEqual(REPORT.target)
    const broken = jsonReport(REPORT).replace('"memory_of": "resident"', '"memory_of": 7')
    expect(() => parseRunReport(broken, 'x')).toThrow(/target.sources.0.memory_of/)
  })

  it('has negative estimates with their sign', () => {
    expect(estimateText({ value: -5, error: 1 }, (each) => `${each} x`)).toBe('-5 x ± 1 x')
  })
})
