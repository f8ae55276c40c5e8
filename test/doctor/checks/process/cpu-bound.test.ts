import { describe, expect, it } from 'vitest'
import { processCpuBound } from '../../../../src/doctor/checks/process/cpu-bound.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck, processSampleWith, processWith } from '../../facts-builder.ts'

/** Ticks that each thread spends within five seconds, of 500. */
function factsOf(spent: readonly number[], someAvg10 = 0): Facts {
  const sample = (scale: 0 | 1) => ({
    cpuPressure: known({ someAvg10, fullAvg10: null, someTotalUs: 0 }, '/proc/pressure/cpu'),
    processes: {
      4321: processSampleWith({
        threads: known(
          spent.map((ticks, index) => ({
            tid: 4321 + index,
            name: index === 0 ? 'node' : 'V8Worker',
            cpuTicks: 9_000 + scale * ticks,
            lastCpu: 3,
            startTicks: 100,
          })),
          '/proc/4321/task',
        ),
      }),
    },
  })
  return factsWith({
    before: sample(0),
    after: sample(1),
    rest: { processes: [processWith()] },
  })
}

describe('process/cpu-bound', () => {
  it('is ok below 90 % of a CPU and warns from there on, naming the thread', () => {
    expect(findingOfCheck(processCpuBound, factsOf([449, 449])).status).toBe('ok')
    const finding = findingOfCheck(processCpuBound, factsOf([450, 100]))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toBe('1 of 2 threads full: node (4321) 90 %')
    expect(finding.evidence[0]).toContain('last on CPU 3')
  })

  it('informs when tasks wait for a CPU 30 % of the time', () => {
    expect(findingOfCheck(processCpuBound, factsOf([10], 29.9)).status).toBe('ok')
    expect(findingOfCheck(processCpuBound, factsOf([10], 30)).status).toBe('info')
  })

  it('judges the time since a thread began where there is one sample', () => {
    const { after } = factsOf([0])
    const facts = factsWith({
      sample: { processes: after.processes, uptimeSeconds: known(101, '/proc/uptime') },
      rest: { processes: [processWith()], sampling: 'single', windowMs: 0 },
    })
    // 9,000 ticks of 10,000.
    expect(findingOfCheck(processCpuBound, facts).observed).toContain('90 % since it began')
  })

  it('is unknown without threads or a named process', () => {
    const blind = factsWith({ rest: { processes: [processWith()] } })
    expect(findingOfCheck(processCpuBound, blind).status).toBe('unknown')
    expect(findingOfCheck(processCpuBound, factsWith()).observed).toContain('--pid')
  })
})
