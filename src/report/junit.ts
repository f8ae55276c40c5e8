/**
 * JUnit XML, for the test view of a CI: one test case for the verdict and one per threshold. The
 * verdict fails where it is INVALID, because then no threshold says anything.
 */
import { formatCount } from '../config/quantities.ts'
import type { RunReport } from '../stats/run-report.ts'
import { observedText } from './report-values.ts'

interface TestCase {
  readonly name: string
  readonly output?: string
  readonly failure?: { readonly message: string; readonly text: string }
}

export function junitXml(report: RunReport): string {
  const cases = [verdictCase(report), ...report.thresholds.map(thresholdCase)]
  const failures = cases.filter(({ failure }) => failure !== undefined).length
  const seconds = (report.duration_ms / 1000).toFixed(3)
  const counts = `tests="${cases.length}" failures="${failures}" errors="0"`
  const suite = `name="pushctl bench ${xmlText(report.mode)}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts} time="${seconds}">`,
    `  <testsuite ${suite} ${counts} skipped="0" timestamp="${xmlText(
      report.started_at.replace(/\.\d+Z$/, ''),
    )}" time="${seconds}">`,
    ...cases.map((test) => caseXml(test, `pushctl.bench.${report.mode}`)),
    '  </testsuite>',
    '</testsuites>\n',
  ].join('\n')
}

function verdictCase({ verdict, targets, messages }: RunReport): TestCase {
  const text = verdict.reasons.join('\n')
  const driven = `${targets.join(', ')}: ${formatCount(messages.received)} messages received`
  const output = [`${verdict.value}`, driven, text].filter((line) => line !== '').join('\n')
  if (verdict.value !== 'INVALID') return { name: 'verdict', output }
  return { name: 'verdict', failure: { message: 'the load generator was the bottleneck', text } }
}

function thresholdCase(threshold: RunReport['thresholds'][number]): TestCase {
  const { expression, held } = threshold
  const text = observedText(threshold)
  const observed = threshold.observed === null ? text : `observed ${text}`
  if (held) return { name: expression, output: observed }
  return { name: expression, failure: { message: observed, text: `${expression}: ${observed}` } }
}

function caseXml({ name, output, failure }: TestCase, group: string): string {
  const head = `    <testcase classname="${xmlText(group)}" name="${xmlText(name)}" time="0">`
  const body =
    failure === undefined
      ? `<system-out>${xmlText(output ?? '')}</system-out>`
      : `<failure message="${xmlText(failure.message)}" type="threshold">` +
        `${xmlText(failure.text)}</failure>`
  return `${head}\n      ${body}\n    </testcase>`
}

const XML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Characters that XML 1.0 does not allow at all (section 2.2) become question marks. */
export function xmlText(text: string): string {
  return text
    .replace(/[&<>"']/g, (letter) => XML_ESCAPES[letter] ?? '')
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
}
