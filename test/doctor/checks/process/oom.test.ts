import { describe, expect, it } from 'vitest'
import { processOom } from '../../../../src/doctor/checks/process/oom.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import { factsWith, findingOfCheck, processWith } from '../../facts-builder.ts'

interface Case {
  readonly adjustment?: number
  readonly kills?: readonly [number, number]
  readonly log?: string
  readonly named?: boolean
}

/** Up for a day and a half. */
function factsOf({ adjustment = 0, kills, log, named = true }: Case): Facts {
  const process = processWith({ oomScoreAdj: known(adjustment, '/proc/4321/oom_score_adj') })
  const vmstat = (moment: 0 | 1) =>
    kills === undefined ? {} : { vmstat: known({ oom_kill: kills[moment] }, '/proc/vmstat') }
  return factsWith({
    before: vmstat(0),
    after: { ...vmstat(1), uptimeSeconds: known(129_600, '/proc/uptime') },
    ...(log === undefined ? {} : { kernelLog: known([{ kind: 'oomKill', text: log }], 'dmesg') }),
    rest: { processes: named ? [process] : [] },
  })
}

describe('process/oom', () => {
  it('is ok when nothing was killed and nobody made the process a victim', () => {
    expect(findingOfCheck(processOom, factsOf({ kills: [0, 0] })).status).toBe('ok')
    expect(findingOfCheck(processOom, factsOf({ kills: [0, 0], adjustment: -500 })).status).toBe(
      'ok',
    )
  })

  it('informs of a server that is killed sooner than others, and protects it', () => {
    const finding = findingOfCheck(processOom, factsOf({ kills: [0, 0], adjustment: 200 }))
    expect(finding.status).toBe('info')
    expect(finding.settings).toMatchObject([
      { command: 'choom -p 4321 -n -500', undo: 'choom -p 4321 -n 200' },
    ])
    const loadgen = findingOfCheck(processOom, factsOf({ kills: [0, 0], adjustment: 200 }), {
      role: 'loadgen',
    })
    expect(loadgen).toMatchObject({ status: 'ok', settings: [] })
  })

  it('is critical when something was killed now or within a day', () => {
    expect(findingOfCheck(processOom, factsOf({ kills: [3, 4] })).status).toBe('critical')
    const log = '[129000.5] Out of memory: Killed process 77 (node) total-vm:9kB'
    const finding = findingOfCheck(processOom, factsOf({ kills: [4, 4], log }))
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('node (pid 77) was killed for lack of memory, 10 min ago')
  })

  it('warns of kills longer ago, or at a time that the line does not tell', () => {
    expect(findingOfCheck(processOom, factsOf({ kills: [4, 4] })).status).toBe('warn')
    const old = '[100.5] Out of memory: Killed process 77 (node)'
    expect(findingOfCheck(processOom, factsOf({ log: old })).status).toBe('warn')
    const dated = 'Nov 21 10:00:00 host kernel: Killed process 77 (node)'
    expect(findingOfCheck(processOom, factsOf({ log: dated })).status).toBe('warn')
  })

  it('tells of kills also when no process is named', () => {
    expect(findingOfCheck(processOom, factsOf({ kills: [3, 4], named: false })).status).toBe(
      'critical',
    )
    const quiet = findingOfCheck(processOom, factsOf({ kills: [0, 0], named: false }))
    expect(quiet.observed).toContain('--pid')
  })

  it('is unknown when neither counter nor log can be read', () => {
    expect(findingOfCheck(processOom, factsOf({})).status).toBe('unknown')
    expect(findingOfCheck(processOom, factsWith()).status).toBe('unknown')
    const blind = factsWith({ rest: { processes: [processWith()] } })
    expect(findingOfCheck(processOom, blind).status).toBe('unknown')
  })
})
