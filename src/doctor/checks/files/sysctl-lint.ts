/**
 * Folklore in sysctl files and in force, with the reason against each. One finding a fault; the
 * rules are in src/doctor/sysctl-lint, by topic. No settings: the cure is to delete a line, and the
 * check that owns the value says what is right.
 */
import { counted } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { type AssignmentTable, assignmentTable } from '../../sysctl-lint/assignments.ts'
import { bufferFolklore } from '../../sysctl-lint/buffer-folklore.ts'
import { fileFaults, isComparable } from '../../sysctl-lint/file-faults.ts'
import { limitFolklore } from '../../sysctl-lint/limit-folklore.ts'
import type { LintContext, LintHit, LintRule } from '../../sysctl-lint/lint-rule.ts'
import { pathFolklore } from '../../sysctl-lint/path-folklore.ts'
import { queueFolklore } from '../../sysctl-lint/queue-folklore.ts'
import { timeWaitFolklore } from '../../sysctl-lint/time-wait-folklore.ts'
import type { Target } from '../../target.ts'

const RULES: readonly LintRule[] = [
  fileFaults,
  timeWaitFolklore,
  bufferFolklore,
  queueFolklore,
  limitFolklore,
  pathFolklore,
]

export const filesSysctlLint: Check = {
  id: 'files/sysctl-lint',
  title: 'Folklore in sysctl files',
  family: 'files',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'sysctl.d(5), Documentation/networking/ip-sysctl.rst, Documentation/admin-guide/sysctl',
  why:
    'Tuning files are copied from guide to guide and outlive the kernels they were written for: ' +
    'some lines do nothing, some are refused, some do harm. A line whose reason nobody knows ' +
    'should go.',
  explain: `Doctor reads /etc/sysctl.conf and the folders sysctl.d in the order in which they are
applied: by file name over all folders, /etc before /run before /usr/lib for files of one name,
the last assignment winning.

It names keys this kernel lacks, values that are not in force (changed later, or refused), one key
with two values, and twenty pieces of folklore: tcp_tw_recycle; timestamps off; tcp_max_tw_buckets
lowered; tcp_fin_timeout "for TIME_WAIT"; tcp_mem in bytes or flat; starved first buffers;
tcp_max_syn_backlog beside a backlog of 511; somaxconn without a restart; netdev_max_backlog of
100,000 and more; fs.file-max below the default; a billion descriptors; the port range on a pure
server, or from below 1024; tcp_abort_on_overflow; RPS on a card with enough queues; keepalive
keys for programs that ignore them; slow start after idle with BBR; conntrack without buckets, or
shorter than the heartbeat; tcp_low_latency and tcp_fack; rmem_default "for TCP"; a timeout floor
in seconds.

Write a file with the few values that the target needs, each with its reason, and read back what
the kernel took. Do not copy a list of forty lines because it says "one million connections".`,
  evaluate: evaluateSysctlLint,
}

function evaluateSysctlLint(facts: Facts, target: Target): Finding[] {
  const assignments = assignmentTable(facts)
  const context: LintContext = { facts, target, assignments }
  const hits = RULES.flatMap((rule) => rule(context)).map(findingOfHit)
  const { sysctlFiles } = facts
  if (!sysctlFiles.known) return [unknownFinding(filesSysctlLint, sysctlFiles), ...hits]
  const unseen = [...assignments.keys()].filter((key) => !isComparable(facts, key))
  if (unseen.length > 0) return [unseenFinding(unseen, facts), ...hits]
  return hits.length > 0 ? hits : [cleanFinding(assignments, sysctlFiles.value.length)]
}

function findingOfHit(hit: LintHit): Finding {
  const { subject, status, observed, why, fixNow, fixForGood, evidence } = hit
  return findingOf(filesSysctlLint, {
    subject,
    status,
    observed,
    why,
    fixForGood,
    evidence,
    ...(fixNow === undefined ? {} : { fixNow }),
  })
}

/** The files set the host's namespace; from a container nobody can tell whether they did. */
function unseenFinding(keys: readonly string[], facts: Facts): Finding {
  const { network } = facts.host.namespaces
  const reason = network.known
    ? 'this is a network namespace of its own, to which files are not applied'
    : network.reason
  return findingOf(filesSysctlLint, {
    status: 'unknown',
    observed:
      `unknown: whether ${counted(keys.length, 'network setting')} of files are in force; ` +
      reason,
    evidence: keys.slice(0, 5).map((key) => `${key}: set in a file`),
  })
}

function cleanFinding(assignments: AssignmentTable, fileCount: number): Finding {
  return findingOf(filesSysctlLint, {
    status: 'ok',
    observed:
      `${counted(assignments.size, 'setting')} in ${counted(fileCount, 'file')}, ` +
      'all in force, none of them folklore',
  })
}
