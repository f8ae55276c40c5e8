import { describe, expect, it } from 'vitest'
import { timeClocksource } from '../../../../src/doctor/checks/time/clocksource.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function factsOf(name: string, available: readonly string[] = [name], log?: string) {
  return factsWith({
    host: {
      clocksource: known(name, 'current_clocksource'),
      clocksourcesAvailable: known(available, 'available_clocksource'),
    },
    ...(log === undefined
      ? {}
      : { kernelLog: known([{ kind: 'clocksource', text: log }], 'dmesg') }),
  })
}

describe('time/clocksource', () => {
  it.each(['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter'])(
    'is ok with %s',
    (name) => {
      expect(findingOfCheck(timeClocksource, factsOf(name)).status).toBe('ok')
    },
  )

  it('informs of xen', () => {
    expect(findingOfCheck(timeClocksource, factsOf('xen')).status).toBe('info')
  })

  it.each(['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'hyperv_clocksource_msr'])(
    'warns a server of %s, and is critical for a generator',
    (name) => {
      expect(findingOfCheck(timeClocksource, factsOf(name)).status).toBe('warn')
      const role = { role: 'loadgen' } as const
      expect(findingOfCheck(timeClocksource, factsOf(name), role).status).toBe('critical')
    },
  )

  it('switches to tsc only where the kernel lists it and has not complained', () => {
    const finding = findingOfCheck(timeClocksource, factsOf('hpet', ['hpet', 'tsc']))
    expect(finding.settings).toMatchObject([{ kind: 'sysfs', value: 'tsc' }])
    const log = "clocksource: timekeeping watchdog: Marking clocksource 'tsc' as unstable"
    const unstable = findingOfCheck(timeClocksource, factsOf('hpet', ['hpet', 'tsc'], log))
    expect(unstable.settings).toEqual([])
    expect(unstable.evidence).toContain(`kernel log: ${log}`)
    expect(findingOfCheck(timeClocksource, factsOf('hpet')).settings).toEqual([])
  })

  it('is unknown for a name that nobody knows, or none', () => {
    expect(findingOfCheck(timeClocksource, factsOf('sundial')).status).toBe('unknown')
    expect(findingOfCheck(timeClocksource, factsWith()).status).toBe('unknown')
  })
})
