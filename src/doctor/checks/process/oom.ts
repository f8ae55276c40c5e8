/**
 * Whether the kernel has killed for lack of memory, and how likely it is to choose this process.
 */

import type { CounterMove } from '../../counter-moves.ts'
import { counted, describeMove, grouped, moveBetween } from '../../counter-moves.ts'
import { type Fact, pickFact } from '../../fact.ts'
import type { Facts } from '../../facts.ts'
import type { ProcessFacts } from '../../facts-process.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { labelOfProcess, noProcessNamed } from '../../process-label.ts'
import { worstOf } from '../../status-order.ts'
import { actsAsServer, type Target } from '../../target.ts'

/** A kill within so long is the present state of the host, not its history. */
const RECENT_SECONDS = 86_400
const SERVER_ADJUSTMENT = -500

export const processOom: Check = {
  id: 'process/oom',
  title: 'Killing for lack of memory (OOM)',
  family: 'process',
  roles: ['server', 'loadgen'],
  scope: 'process',
  source: 'mm/oom_kill.c oom_badness, proc_pid_oom_score_adj(5)',
  why:
    'When memory runs out the kernel kills the process with the largest share, and that is the ' +
    'one that holds the connections. All of them reconnect at once.',
  explain: `The kernel scores processes by memory and adds oom_score_adj thousandths of all memory:
0 is neutral, -1000 never, above 0 sooner than others. A push node is the largest process of its
host, so give it -500 (OOMScoreAdjust=-500 in the unit) and a limit of its own (MemoryMax), so that
a leak ends that service and not its neighbours.

Do not use -1000: if the node itself leaks, the kernel then kills everything else first.

In a control group with memory.max the killing is confined to the group: see cgroup/memory.`,
  evaluate: evaluateOom,
}

function evaluateOom(facts: Facts, target: Target): Finding | Finding[] {
  const kills = killMove(facts)
  const logged = loggedKills(facts)
  if (facts.processes.length === 0) {
    const seen = killStatus(facts, kills, logged)
    if (seen === 'ok' || seen === 'unknown') return unknownFinding(processOom, noProcessNamed)
    return findingOf(processOom, {
      status: seen,
      observed: killText(kills, logged),
      evidence: killEvidence(facts, kills, logged),
    })
  }
  return facts.processes.map((process) => judge(facts, target, process, kills, logged))
}

function judge(
  facts: Facts,
  target: Target,
  process: ProcessFacts,
  kills: Fact<CounterMove>,
  logged: readonly LoggedKill[],
): Finding {
  const subject = labelOfProcess(process)
  const { oomScoreAdj } = process
  if (!oomScoreAdj.known) return unknownFinding(processOom, oomScoreAdj, subject)
  const killing = killStatus(facts, kills, logged)
  const isExposed = actsAsServer(target) && oomScoreAdj.value > 0
  const status = worstOf(killing, isExposed ? 'info' : 'ok')
  if (status === 'unknown' && !kills.known) return unknownFinding(processOom, kills, subject)
  return findingOf(processOom, {
    subject,
    status,
    observed:
      `oom_score_adj ${oomScoreAdj.value}${isExposed ? ', killed sooner than others' : ''}; ` +
      killText(kills, logged),
    needed: `no kill; oom_score_adj at most 0, ${SERVER_ADJUSTMENT} for a server`,
    evidence: [
      `${oomScoreAdj.source}: ${oomScoreAdj.value}`,
      ...killEvidence(facts, kills, logged),
    ],
    ...(isExposed ? protection(process, oomScoreAdj.value) : {}),
  })
}

/** The kernel counts kills in /proc/vmstat since 4.13; readable by all, unlike its log. */
function killMove(facts: Facts): Fact<CounterMove> {
  const count = (moment: 'before' | 'after'): Fact<number> =>
    pickFact(facts[moment].vmstat, (table) => table.oom_kill, 'has no oom_kill')
  const after = count('after')
  if (!after.known) return after
  const before = count('before')
  if (!before.known) return before
  return moveBetween(facts, 'oom_kill', before.value, after.value, after.source)
}

interface LoggedKill {
  readonly text: string
  /** Seconds since the kill; null where the line has no time since boot. */
  readonly ageSeconds: number | null
}

function loggedKills(facts: Facts): LoggedKill[] {
  const { kernelLog } = facts
  const { uptimeSeconds } = facts.after
  if (!kernelLog.known) return []
  return kernelLog.value
    .filter(({ kind }) => kind === 'oomKill')
    .map(({ text }) => {
      const stamp = /^\[\s*(\d+\.\d+)\]/.exec(text)?.[1]
      const ageSeconds =
        stamp !== undefined && uptimeSeconds.known ? uptimeSeconds.value - Number(stamp) : null
      return { text, ageSeconds }
    })
}

function killStatus(facts: Facts, kills: Fact<CounterMove>, logged: readonly LoggedKill[]): Status {
  const isRecent = logged.some(
    ({ ageSeconds }) => ageSeconds !== null && ageSeconds <= RECENT_SECONDS,
  )
  if (isRecent) return 'critical'
  if (kills.known && kills.value.basis === 'window' && kills.value.delta > 0) return 'critical'
  if (logged.length > 0 || (kills.known && kills.value.total > 0)) return 'warn'
  return kills.known || facts.kernelLog.known ? 'ok' : 'unknown'
}

function killText(kills: Fact<CounterMove>, logged: readonly LoggedKill[]): string {
  const last = logged.at(-1)
  if (last !== undefined) {
    const { ageSeconds } = last
    const when = ageSeconds === null ? '' : `, ${grouped(Math.ceil(ageSeconds / 60))} min ago`
    return `${victimOf(last.text)} was killed for lack of memory${when}`
  }
  if (!kills.known) return 'no kill in the kernel log'
  const { delta, total, basis } = kills.value
  if (basis === 'window' && delta > 0) return `${counted(delta, 'process', 'processes')} killed now`
  return total > 0
    ? `${counted(total, 'process', 'processes')} killed since boot`
    : 'no process killed since boot'
}

/** "Killed process 1234 (node) …". */
function victimOf(text: string): string {
  const match = /Killed process (\d+) \(([^)]*)\)/.exec(text)
  return match === null ? 'a process' : `${match[2]} (pid ${match[1]})`
}

function killEvidence(
  facts: Facts,
  kills: Fact<CounterMove>,
  logged: readonly LoggedKill[],
): string[] {
  return [
    kills.known
      ? `${kills.source}: ${describeMove(kills.value, facts)}`
      : `${kills.source}: ${kills.reason}`,
    ...logged.slice(-2).map(({ text }) => `kernel log: ${text}`),
  ]
}

function protection(
  { pid, unit }: ProcessFacts,
  now: number,
): Pick<Judgement, 'settings' | 'fixForGood'> {
  const name = unit.known ? unit.value.name : 'UNIT'
  return {
    settings: [
      {
        kind: 'command',
        command: `choom -p ${pid} -n ${SERVER_ADJUSTMENT}`,
        undo: `choom -p ${pid} -n ${now}`,
        reason: 'the server holds all connections: others go first',
      },
    ],
    fixForGood:
      `/etc/systemd/system/${name}.d/90-pushctl.conf: OOMScoreAdjust=${SERVER_ADJUSTMENT}, ` +
      'and a MemoryMax of its own',
  }
}
