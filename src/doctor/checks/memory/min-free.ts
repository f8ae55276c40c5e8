/**
 * The reserve for packets that arrive when memory is short. The number itself is not judged: only
 * drops are.
 */
import { counterMove, describeMove, lossStatus, moveBetween } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, STATUSES, unknownFinding } from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'

const SCALE_KEY = 'vm.watermark_scale_factor'
const RESERVE_KEY = 'vm.min_free_kbytes'
/** Tenths of a per mille of memory: 50 wakes reclaim 0.5 % of memory earlier. */
const SCALE_WANTED = 50

export const memoryMinFree: Check = {
  id: 'memory/min-free',
  title: 'Reserve for arriving packets',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'net/core/filter.c sk_filter_trim_cap, mm/page_alloc.c, admin-guide/sysctl/vm.rst',
  why:
    'Packets are stored in interrupt context, where the kernel cannot wait for memory: only the ' +
    'reserve between the watermarks saves them when a burst arrives. PFMemallocDrop counts those ' +
    'that met the last reserve and were dropped.',
  explain: `Reclaim in the background (kswapd) starts when free memory falls below a watermark. A
burst that eats the reserve faster than reclaim refills it fails in the driver ("page allocation
failure" with GFP_ATOMIC in the kernel log) or is dropped at the socket.

Widen the distance first: vm.watermark_scale_factor from 10 to 50 makes reclaim start earlier by
0.5 % of memory. Raise vm.min_free_kbytes only with evidence, and to 1 % of memory at most.

Do not give min_free_kbytes several gigabytes, as some guides do: on small hosts the machine then
does not boot. The value alone says nothing; this check looks at losses.`,
  evaluate: evaluateMinFree,
}

function evaluateMinFree(facts: Facts): Finding {
  const dropped = counterMove(facts, 'TcpExt.PFMemallocDrop')
  if (!dropped.known) return unknownFinding(memoryMinFree, dropped)
  const evidence = [`${dropped.source}: ${describeMove(dropped.value, facts)}`]
  const { kernelLog } = facts
  const failures = kernelLog.known
    ? kernelLog.value.filter(({ kind, text }) => kind === 'pageAllocation' && isAtomic(text))
    : []
  evidence.push(...failures.slice(-1).map(({ text }) => `kernel log: ${text}`))
  if (!kernelLog.known) evidence.push(`${kernelLog.source}: ${kernelLog.reason}`)
  evidence.push(...stallEvidence(facts))
  const scale = sysctlNumber(facts, SCALE_KEY)
  const reserve = sysctlNumber(facts, RESERVE_KEY)
  if (scale.known) evidence.push(`${scale.source}: ${scale.value}`)
  if (reserve.known) evidence.push(`${reserve.source}: ${reserve.value}`)
  const statuses = [lossStatus(dropped.value, 'warn'), failures.length > 0 ? 'warn' : 'ok']
  const status = STATUSES.find((candidate) => statuses.includes(candidate)) ?? 'ok'
  const isShort = status === 'warn' && scale.known && scale.value < SCALE_WANTED
  return findingOf(memoryMinFree, {
    status,
    observed:
      failures.length > 0
        ? 'the kernel log tells of failed allocations for packets'
        : describeMove(dropped.value, facts),
    needed: 'no packet dropped for want of reserve memory',
    evidence,
    settings: isShort
      ? [raiseSysctl(SCALE_KEY, SCALE_WANTED, 'reclaim starts earlier, so bursts find free pages')]
      : [],
  })
}

/**
 * "node: page allocation failure: order:0, mode:0x820(GFP_ATOMIC), …"; older kernels print bits
 * only.
 */
function isAtomic(text: string): boolean {
  return /GFP_ATOMIC/.test(text) || !/GFP_/.test(text)
}

/** Direct reclaim: programs that had to find memory themselves. */
function stallEvidence(facts: Facts): string[] {
  const { vmstat: now } = facts.after
  const { vmstat: then } = facts.before
  if (!now.known || !then.known) return []
  const stalls = (values: Readonly<Record<string, number>>): number =>
    Object.entries(values)
      .filter(([name]) => name.startsWith('allocstall'))
      .reduce((sum, [, count]) => sum + count, 0)
  const move = moveBetween(facts, 'allocstall', stalls(then.value), stalls(now.value), now.source)
  return move.known && move.value.total > 0
    ? [`${move.source}: ${describeMove(move.value, facts)}`]
    : []
}
