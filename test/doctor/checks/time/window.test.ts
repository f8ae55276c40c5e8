import { describe, expect, it } from 'vitest'
import { timeWindow } from '../../../../src/doctor/checks/time/window.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

function factsOf(beforeSeconds: number, afterSeconds: number, single = false) {
  return factsWith({
    before: { uptimeSeconds: known(beforeSeconds, '/proc/uptime') },
    after: { uptimeSeconds: known(afterSeconds, '/proc/uptime') },
    rest: single ? { sampling: 'single', windowMs: 0 } : { windowMs: 5_000 },
  })
}

describe('time/window', () => {
  it('is ok with two samples of a host that has been up for ten minutes', () => {
    expect(findingOfCheck(timeWindow, factsOf(600, 605)).status).toBe('ok')
    expect(findingOfCheck(timeWindow, factsOf(600, 605.9)).status).toBe('ok')
  })

  it('calls totals young within ten minutes after boot', () => {
    const finding = findingOfCheck(timeWindow, factsOf(594, 599))
    expect(finding.status).toBe('info')
    expect(finding.observed).toContain('up for 9 min only, totals are young')
  })

  it('informs that one sample cannot tell new losses from old ones', () => {
    const finding = findingOfCheck(timeWindow, factsOf(9_000, 9_000, true))
    expect(finding.status).toBe('info')
    expect(finding.observed).toContain('one sample only')
  })

  it('is unknown when the samples are not as far apart as the window, or of two boots', () => {
    expect(findingOfCheck(timeWindow, factsOf(900, 907)).status).toBe('unknown')
    expect(findingOfCheck(timeWindow, factsOf(900, 12)).observed).toContain('restarted')
    const blind = factsWith({ sample: { uptimeSeconds: unknown('is empty', '/proc/uptime') } })
    expect(findingOfCheck(timeWindow, blind).status).toBe('unknown')
  })
})
