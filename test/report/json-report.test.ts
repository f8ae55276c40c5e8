import { expect, test } from 'vitest'
import { jsonReport } from '../../src/report/json-report.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

test('the same report gives the same text, whatever order it was built in', () => {
  const reversed = Object.fromEntries(Object.entries(SAMPLE_REPORT).reverse())
  const text = jsonReport(SAMPLE_REPORT)
  expect(jsonReport(reversed as unknown as typeof SAMPLE_REPORT)).toBe(text)
  expect(JSON.parse(text)).toEqual(SAMPLE_REPORT)
  expect(text.endsWith('}\n')).toBe(true)
})

test('its parts come in the order of the documentation', () => {
  expect(Object.keys(JSON.parse(jsonReport(SAMPLE_REPORT)))).toMatchInlineSnapshot(`
    [
      "schema",
      "started_at",
      "duration_ms",
      "interrupted",
      "mode",
      "targets",
      "engine",
      "verdict",
      "connections",
      "messages",
      "metrics",
      "gc",
      "host",
      "hosts",
      "memory",
      "thresholds",
      "environment",
      "plan",
      "intervals",
    ]
  `)
})

test('a number that is not finite is refused, because JSON would call it unknown', () => {
  const broken = { ...SAMPLE_REPORT, duration_ms: Number.NaN }
  expect(() => jsonReport(broken)).toThrow(/finite number or null in "duration_ms"/)
})
