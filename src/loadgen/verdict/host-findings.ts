/**
 * Doctor saw the generator's host refuse or drop something during the run: its latencies and
 * failures are then partly this host's. Only checks that judge what moved count here; a setting
 * that would be too low for a larger run is no doubt about this one.
 */
import type { VerdictRule } from './verdict-facts.ts'

/** Those that no other rule judges by its own counters. */
export const JUDGED_CHECKS: ReadonlySet<string> = new Set([
  'cgroup/cpu',
  'conntrack/fill',
  'files/fd-used',
  'listen/syn-recv',
  'memory/tcp-mem',
  'nic/drops',
  'process/oom',
  'tcp/aborts',
  'tw/orphans',
  'tw/overflow',
])

export const hostFindings: VerdictRule = ({ hosts }) => {
  const found = hosts
    .filter(({ role }) => role !== 'server')
    .flatMap(({ findings }) => findings)
    .filter(({ id, status }) => status === 'critical' && JUDGED_CHECKS.has(id))
  if (found.length === 0) return null
  const seen = found.map(({ id, observed }) => `${id}: ${observed}`).join('; ')
  const fixes = found.map(({ fix_now }) => fix_now.split('\n')[0]).filter((fix) => fix !== '')
  return {
    level: 'SUSPECT',
    reason:
      `doctor found this host at a limit during the run (${seen}): ` + (fixes[0] ?? 'see hosts'),
  }
}
