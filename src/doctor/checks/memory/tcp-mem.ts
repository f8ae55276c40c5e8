/**
 * net.ipv4.tcp_mem, in pages and for the whole host. Losses prove themselves from inside a
 * container too; whether the limit suffices can be told only where it can be seen.
 */
import { counted, counterMove, describeMove, grouped, lossStatus } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  STATUSES,
  type Status,
} from '../../finding.ts'
import { type PageDemand, tcpPagesNeeded } from '../../socket-demand.ts'
import { sysctlNumbers } from '../../sysctl-facts.ts'
import type { Target } from '../../target.ts'
import { HEADROOM, judgeTcpMemVector, TCP_MEM_KEY } from '../../tcp-mem-vector.ts'

const FULL_SHARE = 0.95
const PRUNE_COUNTERS = ['PruneCalled', 'RcvPruned', 'OfoPruned', 'TCPRcvQDrop'] as const

export const memoryTcpMem: Check = {
  id: 'memory/tcp-mem',
  title: 'Memory of TCP queues',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/ipv4/tcp.c tcp_init_mem, net/core/sock.c __sk_mem_raise_allocated',
  why:
    'A socket with a single unread or unsent byte is charged at least a page of tcp_mem. Above ' +
    'its second number windows stop growing, at the third the kernel drops data and resets ' +
    'connections.',
  explain: `tcp_mem holds three numbers of PAGES (4 KiB), for all network namespaces together:
below the first all is free, above the second ("pressure") TCP stops widening windows, at the
third it drops. Idle connections are charged nothing on kernels from about 6.1 on, and a page each
on older ones. A broadcast makes every connection hold a page or more at the same moment: that is
what sizes the limit.

Need: 1.05 x (connections x p0 + connections with data x ceil((message + 1300) / 4096)), p0 = 0.05
from 6.1 on, else 1. Set pressure to 1.25 times that, the first to 3/4 of it, the third to 1.5 of
it, and keep the third under half of memory; if it does not fit there, the host is too small for
such a broadcast.

Do not write bytes: "16777216 16777216 16777216" is 64 GiB and switches the protection off. Do not
make all three equal: then there is no pressure phase. The number in sockstat lags by up to 256
pages a CPU.`,
  evaluate: evaluateTcpMem,
}

type Verdict = Pick<Judgement, 'status' | 'observed'> & Partial<Judgement>

function evaluateTcpMem(facts: Facts, target: Target): Finding {
  const verdicts = [...lossVerdicts(facts), ...fillVerdicts(facts), limitVerdict(facts, target)]
  const worst = (status: Status): Verdict | undefined =>
    verdicts.find((verdict) => verdict.status === status)
  const verdict = STATUSES.map(worst).find((found) => found !== undefined)!
  const demand = tcpPagesNeeded(facts, target)
  return findingOf(memoryTcpMem, {
    needed: neededText(demand),
    ...verdict,
    settings: verdicts.find(({ settings }) => settings !== undefined)?.settings ?? [],
    evidence: evidenceOf(facts),
  })
}

function neededText({ pages, formula }: PageDemand): string {
  return `${TCP_MEM_KEY} pressure ≥ ${grouped(Math.ceil(HEADROOM * pages))} (1.25 × ${formula})`
}

function lossVerdicts(facts: Facts): Verdict[] {
  const verdicts: Verdict[] = []
  const aborted = counterMove(facts, 'TcpExt.TCPAbortOnMemory')
  if (aborted.known && aborted.value.total > 0) {
    const observed = `connections reset for want of memory: ${describeMove(aborted.value, facts)}`
    verdicts.push({ status: lossStatus(aborted.value, 'critical'), observed })
  }
  const pressures = counterMove(facts, 'TcpExt.TCPMemoryPressures')
  if (pressures.known && pressures.value.total > 0) {
    const observed = `TCP came under memory pressure: ${describeMove(pressures.value, facts)}`
    verdicts.push({ status: lossStatus(pressures.value, 'warn'), observed })
  }
  const { kernelLog } = facts
  const line = kernelLog.known && kernelLog.value.find(({ kind }) => kind === 'tcpMemory')
  if (line) verdicts.push({ status: 'warn', observed: 'the kernel log tells of TCP out of memory' })
  const { protocols } = facts.after
  const isPressed =
    protocols.known &&
    protocols.value.some(({ name, underPressure }) => /^TCP(v6)?$/.test(name) && underPressure)
  if (isPressed) verdicts.push({ status: 'warn', observed: 'TCP is under memory pressure now' })
  return verdicts
}

/** How full it is now. Unknown rather than ok where sockstat or the limit is not to be seen. */
function fillVerdicts(facts: Facts): Verdict[] {
  const { sockstat } = facts.after
  const vector = sysctlNumbers(facts, TCP_MEM_KEY, 3)
  if (!vector.known) return []
  if (!sockstat.known) return [{ status: 'unknown', observed: `unknown: ${sockstat.reason}` }]
  const [, pressure = 0, max = 0] = vector.value
  const { tcpMemoryPages: pages } = sockstat.value
  const thresholds = `pressure at ${grouped(pressure)}, loss at ${grouped(max)}`
  const observed = `${counted(pages, 'page')} in use, ${thresholds}`
  if (pages >= FULL_SHARE * max) return [{ status: 'critical', observed }]
  return [{ status: pages > pressure ? 'warn' : 'ok', observed }]
}

function limitVerdict(facts: Facts, target: Target): Verdict {
  const vector = sysctlNumbers(facts, TCP_MEM_KEY, 3)
  if (!vector.known) return { status: 'unknown', observed: `unknown: ${vector.reason}` }
  const { meminfo } = facts.after
  const memory = meminfo.known ? (meminfo.value.MemTotal ?? null) : null
  return judgeTcpMemVector(vector.value, tcpPagesNeeded(facts, target).pages, memory)
}

function evidenceOf(facts: Facts): string[] {
  const evidence: string[] = []
  const { sockstat } = facts.after
  const vector = sysctlNumbers(facts, TCP_MEM_KEY, 3)
  evidence.push(`${vector.source}: ${vector.known ? vector.value.join(' ') : vector.reason}`)
  if (sockstat.known) {
    evidence.push(`${sockstat.source}: mem ${counted(sockstat.value.tcpMemoryPages, 'page')}`)
  }
  const names = ['TCPAbortOnMemory', 'TCPMemoryPressures', 'TCPMemoryPressuresChrono']
  for (const name of [...names, ...PRUNE_COUNTERS]) {
    const move = counterMove(facts, `TcpExt.${name}`)
    if (move.known && move.value.total > 0) {
      evidence.push(`${move.source}: ${describeMove(move.value, facts)}`)
    }
  }
  return evidence
}
