import { describe, expect, it } from 'vitest'
import { twCloseWait } from '../../../../src/doctor/checks/tw/close-wait.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck, processSampleWith, processWith } from '../../facts-builder.ts'
import { transientFact } from '../../socket-rows.ts'

const OWNER = { owners: [{ name: 'java', pid: 77, fd: 9 }] }

function factsWithLeak(then: number, now: number, established: number) {
  return factsWith({
    counters: { 'Tcp.CurrEstab': established },
    before: transientFact('CLOSE-WAIT', then, OWNER),
    after: transientFact('CLOSE-WAIT', now, OWNER),
  })
}

describe('tw/close-wait', () => {
  it('takes a few, and those that go away, for normal', () => {
    expect(findingOfCheck(twCloseWait, factsWithLeak(0, 0, 1_000)).status).toBe('ok')
    expect(findingOfCheck(twCloseWait, factsWithLeak(50, 60, 1_000)).status).toBe('info')
    expect(findingOfCheck(twCloseWait, factsWithLeak(900, 300, 10_000)).status).toBe('info')
    expect(findingOfCheck(twCloseWait, factsWithLeak(0, 300, 10_000)).status).toBe('info')
  })

  it('warns at 1 % that stays and names the program and port', () => {
    const finding = findingOfCheck(twCloseWait, factsWithLeak(300, 300, 20_000))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('local port 8080, java (pid 77)')
    expect(finding.fix_for_good).toContain('in that program')
  })

  it('is critical at a tenth of all connections', () => {
    expect(findingOfCheck(twCloseWait, factsWithLeak(1_000, 1_100, 10_000)).status).toBe('critical')
  })

  it('is critical when it grows and descriptors run out', () => {
    const facts = factsWithLeak(300, 301, 20_000)
    const limits = known({ 'Max open files': { soft: 1_024, hard: 1_024 } }, '/proc/77/limits')
    const fdCount = known({ count: 900, exact: true }, '/proc/77/fd')
    const withProcess = {
      ...facts,
      processes: [processWith({ pid: 77, limits })],
      after: { ...facts.after, processes: { 77: processSampleWith({ fdCount }) } },
    }
    expect(findingOfCheck(twCloseWait, withProcess).status).toBe('critical')
  })

  it('does not go beyond a warning on one sample', () => {
    const facts = factsWithLeak(5_000, 5_000, 10_000)
    const single = { ...facts, sampling: 'single' } as const
    expect(findingOfCheck(twCloseWait, single).status).toBe('warn')
  })
})
