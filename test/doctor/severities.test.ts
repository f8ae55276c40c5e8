/**
 * Each status that a check can give, from a captured host: the real one, with the files changed
 * that make the difference (captures/severities/*.yaml, one for each family). Unlike the tests of
 * the checks, these go through the readers and parsers.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { CHECKS } from '../../src/doctor/check-table.ts'
import { MemoryTree } from '../../src/doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../src/doctor/facts-reader/captured-source.ts'
import { readFacts } from '../../src/doctor/facts-reader/read-facts.ts'
import type { Finding, Status } from '../../src/doctor/finding.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import type { Target } from '../../src/doctor/target.ts'
import { type CaptureChanges, changedCapture, readCapture } from './capture-text.ts'
import { targetWith } from './facts-builder.ts'

interface Severity extends CaptureChanges {
  readonly check: string
  readonly status: Status
  /** Only this finding of the check, where it has one for each interface or listener. */
  readonly subject?: string
  /** Proves which case it was. An alarm says it in what was observed, others in their evidence. */
  readonly says: string
  readonly target?: Partial<Target>
  readonly pids?: readonly number[]
  readonly ports?: readonly number[]
  readonly metrics?: readonly string[]
}

/** A misspelt field, or a comma in a text without quotes, would change nothing in silence. */
const FIELDS: ReadonlySet<string> = new Set<keyof Severity>([
  ...(['check', 'status', 'subject', 'says', 'target', 'pids', 'ports', 'metrics'] as const),
  ...(['files', 'sysctls', 'after', 'counters'] as const),
])
const FOLDER = new URL('captures/severities/', import.meta.url)
const HOST = changedCapture(readCapture('real-6.18/host'), {
  files: Object.fromEntries(readCapture('severities/process')),
})

/** These inform and never ask for anything. */
const NEVER_ALARMING = new Set([
  'ports/bind-no-port',
  'memory/notsent-lowat',
  'tcp/slow-start-idle',
  'cgroup/netns-scope',
  'cpu/freq',
  'time/window',
])
/** Asks the target only. */
const NEVER_UNKNOWN = new Set(['ports/bind-no-port'])

const severities: readonly Severity[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .sort()
  .flatMap((name) => parse(readFileSync(new URL(name, FOLDER), 'utf8'), { merge: true }))

async function findingsOf(severity: Severity): Promise<Finding[]> {
  const tree = new MemoryTree(changedCapture(HOST, severity))
  const source = new CapturedSource({ kind: 'root', name: 'constructed' }, tree)
  const { pids = [], ports = [], metrics = [] } = severity
  const facts = await readFacts(source, { windowMs: 5_000, pids, ports, metrics })
  const checks = CHECKS.filter(({ id }) => id === severity.check)
  return runChecks(facts, targetWith(severity.target), checks)
}

describe('doctor on a constructed host', () => {
  it.each(severities)('$check is $status: $says', async (severity) => {
    const findings = await findingsOf(severity)
    const { subject, status, says } = severity
    const finding = findings.find((each) => subject === undefined || each.subject === subject)
    expect(finding, `${severity.check} gave ${findings.length} findings`).toBeDefined()
    const { observed, evidence } = finding!
    expect({ status: finding!.status, observed }).toEqual({ status, observed })
    expect(observed).not.toContain('bug')
    const isAlarm = status === 'warn' || status === 'critical'
    expect([observed, ...(isAlarm ? [] : evidence)].join('\n')).toContain(says)
  })

  it('is constructed for every check: well, in alarm and unknown, as far as the check can be', () => {
    const statusesOf = (id: string): Set<Status> =>
      new Set(severities.filter(({ check }) => check === id).map(({ status }) => status))
    const lacking = CHECKS.flatMap(({ id }) => {
      const statuses = statusesOf(id)
      const isAlarmed = statuses.has('warn') || statuses.has('critical')
      return [
        ...(statuses.has('ok') || statuses.has('info') ? [] : [`${id}: ok or info`]),
        ...(isAlarmed !== NEVER_ALARMING.has(id) ? [] : [`${id}: warn or critical`]),
        ...(statuses.has('unknown') !== NEVER_UNKNOWN.has(id) ? [] : [`${id}: unknown`]),
      ]
    })
    expect(lacking).toEqual([])
  })

  it('is constructed for checks that exist, by fields that are read', () => {
    const ids = new Set<string>(CHECKS.map(({ id }) => id))
    const named = [...severities.map(({ check }) => check), ...NEVER_ALARMING, ...NEVER_UNKNOWN]
    expect(named.filter((id) => !ids.has(id))).toEqual([])
    const strange = severities.flatMap((severity) =>
      Object.keys(severity).filter((field) => !FIELDS.has(field)),
    )
    expect(strange).toEqual([])
    expect(severities.filter(({ says }) => !says)).toEqual([])
  })
})
