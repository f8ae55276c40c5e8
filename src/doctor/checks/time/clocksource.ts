/**
 * How the kernel tells time: with a slow source each look at the clock is a system call and a wait
 * for a device.
 */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import type { SysfsSetting } from '../../setting.ts'
import { isAlarm } from '../../status-order.ts'
import { actsAsLoadgen, type Target } from '../../target.ts'

const CURRENT = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
/** Read in user space through the vDSO. The last four are those of other architectures. */
const FAST = new Set([
  'tsc',
  'tsc-early',
  'kvm-clock',
  'hyperv_clocksource_tsc_page',
  'arch_sys_counter',
  'timebase',
  'tod',
  'riscv_clocksource',
])
const SLOW = new Set(['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'hyperv_clocksource_msr'])

export const timeClocksource: Check = {
  id: 'time/clocksource',
  title: 'Clock source of the kernel',
  family: 'time',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'arch/x86/kernel/{hpet,kvmclock}.c, drivers/clocksource/acpi_pm.c',
  why:
    'With tsc or kvm-clock reading the time takes 20 ns without entering the kernel. With hpet ' +
    'or acpi_pm each reading is a system call and a device access of about a microsecond.',
  explain: `An event loop reads the clock several times a turn and TCP for each segment. The kernel
falls back to hpet or acpi_pm when it distrusts the TSC ("Marking clocksource 'tsc' as unstable" in
its log), often after a firmware or hypervisor fault.

If available_clocksource lists tsc, write it to current_clocksource; for good fix firmware or
hypervisor. clocksource=tsc tsc=reliable on the boot line only where the TSC is known to be
invariant: if it is not, time jumps between CPUs.

xen is a system call without a device: acceptable, tsc is better where the guest has it.`,
  evaluate: evaluateClocksource,
}

function evaluateClocksource(facts: Facts, target: Target): Finding {
  const { clocksource, clocksourcesAvailable: available } = facts.host
  if (!clocksource.known) return unknownFinding(timeClocksource, clocksource)
  const status = statusOf(clocksource.value, target)
  if (status === null) {
    const source = clocksource.source
    const strange = { known: false, reason: 'names a source not known here', source } as const
    return unknownFinding(timeClocksource, strange)
  }
  const evidence = [`${clocksource.source}: ${clocksource.value}`]
  if (available.known) evidence.push(`${available.source}: ${available.value.join(' ')}`)
  const complaints = facts.kernelLog.known
    ? facts.kernelLog.value.filter(({ kind }) => kind === 'clocksource')
    : []
  evidence.push(...complaints.slice(-2).map(({ text }) => `kernel log: ${text}`))
  const canSwitch = available.known && available.value.includes('tsc') && complaints.length === 0
  return findingOf(timeClocksource, {
    status,
    observed: `${clocksource.value}${status === 'ok' ? '' : ', which is slow to read'}`,
    needed: 'tsc, or the paravirtual clock of the hypervisor',
    evidence,
    settings: isAlarm(status) && canSwitch ? [useTsc()] : [],
    ...(isAlarm(status)
      ? { fixForGood: 'find why the kernel left tsc: firmware, hypervisor, its log' }
      : {}),
  })
}

/** Null: a source that neither list names. */
function statusOf(name: string, target: Target): Status | null {
  if (FAST.has(name)) return 'ok'
  if (name === 'xen') return 'info'
  if (!SLOW.has(name)) return null
  return actsAsLoadgen(target) ? 'critical' : 'warn'
}

function useTsc(): SysfsSetting {
  return { kind: 'sysfs', path: CURRENT, value: 'tsc', reason: 'read without a system call' }
}
