import { expect, test } from 'vitest'
import { CHECKS } from '../../../src/doctor/check-table.ts'
import { hostFindings, JUDGED_CHECKS } from '../../../src/loadgen/verdict/host-findings.ts'
import type { HostFindingReport, HostFindingsReport } from '../../../src/stats/run-report.ts'
import { HEALTHY } from './healthy-facts.ts'

function host(
  role: HostFindingsReport['role'],
  id: string,
  status: HostFindingReport['status'],
): HostFindingsReport {
  const nothing = { before: {}, peaks: {}, after: {} }
  const finding: HostFindingReport = {
    id,
    subject: null,
    title: 'TCP memory',
    status,
    observed: 'pressure 3 times',
    needed: '',
    why: '',
    fix_now: 'sysctl -w net.ipv4.tcp_mem="1 2 3"\nsecond line',
    fix_for_good: '',
  }
  return {
    host: 'h',
    role,
    failure: null,
    window_ms: 1,
    readings: 2,
    findings: [finding],
    ...nothing,
  }
}

test('a limit that the generator’s host met makes the run SUSPECT, with what to set', () => {
  expect(hostFindings({ ...HEALTHY, hosts: [host('both', 'memory/tcp-mem', 'critical')] })).toEqual(
    {
      level: 'SUSPECT',
      reason:
        'doctor found this host at a limit during the run (memory/tcp-mem: pressure 3 times): ' +
        'sysctl -w net.ipv4.tcp_mem="1 2 3"',
    },
  )
})

test.each([
  ['the target’s host alone', host('server', 'memory/tcp-mem', 'critical')],
  ['a warning', host('loadgen', 'memory/tcp-mem', 'warn')],
  ['a setting too low for some other run', host('both', 'listen/somaxconn', 'critical')],
])('%s is no doubt about the generator', (_, seen) => {
  expect(hostFindings({ ...HEALTHY, hosts: [seen] })).toBeNull()
})

test('every judged check is one of doctor’s', () => {
  const known = new Set<string>(CHECKS.map(({ id }) => id))
  expect([...JUDGED_CHECKS].filter((id) => !known.has(id))).toEqual([])
})
