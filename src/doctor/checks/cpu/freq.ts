/** Clock speed and sleep of the CPUs: what a latency under a millisecond is made of. */
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import type { CommandSetting } from '../../setting.ts'
import { actsAsLoadgen, type Target } from '../../target.ts'

/** Their "powersave" scales with load; elsewhere it means the lowest clock. */
const SELF_SCALING_DRIVERS = new Set(['intel_pstate', 'amd-pstate-epp', 'amd_pstate_epp'])
/** Waking takes longer than a loopback round trip. */
const DEEP_IDLE_US = 100
const ABSENT = 'does not exist here'

export const cpuFreq: Check = {
  id: 'cpu/freq',
  title: 'Clock speed and sleep of the CPUs',
  family: 'cpu',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'Documentation/admin-guide/pm/cpufreq.rst, Documentation/admin-guide/pm/cpuidle.rst',
  why:
    'The governor powersave holds the lowest clock on most drivers, and a CPU in deep sleep ' +
    'needs 100 microseconds and more to wake. Both add to each message, most when load is low.',
  explain: `Governor "powersave" keeps the lowest clock, except with intel_pstate and
amd-pstate-epp, where it scales by load. "performance" keeps the highest: cpupower frequency-set -g
performance.

Deep idle states cost their exit latency at each wake-up: a lightly loaded generator measures its
own sleep. For the time of a measurement: tuned-adm profile latency-performance, or a process that
holds /dev/cpu_dma_latency open with 0 written to it.

In a virtual machine the hypervisor decides both, and there is nothing to set. Servers under load do
not sleep deeply; power is not worth the change there.`,
  evaluate: evaluateFreq,
}

function evaluateFreq(facts: Facts, target: Target): Finding {
  const { cpuGovernors, cpuScalingDriver, cpuTopology, virtualisation } = facts.host
  const evidence: string[] = []
  const { idleExitUsMax } = cpuTopology
  if (idleExitUsMax.known) {
    evidence.push(`${idleExitUsMax.source}: up to ${grouped(idleExitUsMax.value)} µs to wake`)
  }
  const sleepsDeeply =
    actsAsLoadgen(target) && idleExitUsMax.known && idleExitUsMax.value >= DEEP_IDLE_US
  const sleep = sleepsDeeply ? `idle states of ${grouped(idleExitUsMax.value)} µs` : ''
  const needed = actsAsLoadgen(target)
    ? `full clock, and under ${DEEP_IDLE_US} µs to wake, where latencies under 1 ms are measured`
    : 'full clock'
  if (!cpuGovernors.known) {
    const isVirtual = virtualisation.known && !/^none$/i.test(virtualisation.value)
    if (cpuGovernors.reason !== ABSENT || !isVirtual) {
      return unknownFinding(cpuFreq, cpuGovernors)
    }
    evidence.push(`${cpuGovernors.source}: does not exist (${virtualisation.value})`)
    return findingOf(cpuFreq, {
      status: sleepsDeeply ? 'info' : 'ok',
      observed: ['the hypervisor sets the clock', sleep].filter((part) => part !== '').join('; '),
      needed,
      evidence,
      ...(sleepsDeeply ? { fixNow: WAKE_FIX } : {}),
    })
  }
  const governors = [...new Set(Object.values(cpuGovernors.value))].sort()
  evidence.push(`${cpuGovernors.source}: ${governors.join(', ')}`)
  const holdsLow = governors.includes('powersave')
  if (holdsLow && !cpuScalingDriver.known) return unknownFinding(cpuFreq, cpuScalingDriver)
  if (cpuScalingDriver.known) evidence.push(`${cpuScalingDriver.source}: ${cpuScalingDriver.value}`)
  const isSlow =
    holdsLow && cpuScalingDriver.known && !SELF_SCALING_DRIVERS.has(cpuScalingDriver.value)
  const status: Status = isSlow || sleepsDeeply ? 'info' : 'ok'
  const driver = cpuScalingDriver.known ? ` (${cpuScalingDriver.value})` : ''
  const clock = isSlow
    ? 'powersave holds the lowest clock'
    : `governor ${governors.join(', ')}${driver}`
  return findingOf(cpuFreq, {
    status,
    observed: [clock, sleep].filter((part) => part !== '').join('; '),
    needed,
    evidence,
    settings: isSlow ? [performanceGovernor()] : [],
    ...(sleepsDeeply && !isSlow ? { fixNow: WAKE_FIX } : {}),
  })
}

const WAKE_FIX = 'during the measurement: tuned-adm profile latency-performance'

function performanceGovernor(): CommandSetting {
  return {
    kind: 'command',
    command: 'cpupower frequency-set -g performance',
    undo: 'cpupower frequency-set -g powersave',
    reason: 'the lowest clock makes each message slower',
  }
}
