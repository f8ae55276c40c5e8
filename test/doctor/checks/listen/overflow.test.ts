import { describe, expect, it } from 'vitest'
import { listenOverflow } from '../../../../src/doctor/checks/listen/overflow.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { listenersFact, listenerWith } from '../../socket-rows.ts'

type Pair = readonly [number, number]

function factsWithDrops(overflows: Pair, drops: Pair) {
  return factsWith({
    counters: { 'TcpExt.ListenOverflows': overflows, 'TcpExt.ListenDrops': drops },
    before: listenersFact(listenerWith({ drops: 15 })),
    after: listenersFact(
      listenerWith({ drops: 15 + overflows[1] - overflows[0], queued: 5, backlog: 4 }),
    ),
  })
}

describe('listen/overflow', () => {
  it('is critical while connections are lost, and names the listener', () => {
    const finding = findingOfCheck(listenOverflow, factsWithDrops([15, 60], [15, 60]))
    expect(finding.status).toBe('critical')
    expect(finding.subject).toBe('0.0.0.0:8080')
    expect(finding.observed).toBe(
      '45 packets dropped at a full accept queue now, most at 0.0.0.0:8080',
    )
    expect(finding.evidence).toContain(
      'ss -Htlnme: 0.0.0.0:8080 dropped 45, queue 5 of 4, node (pid 4321)',
    )
  })

  it('is information when the loss is old, and ok without one', () => {
    expect(findingOfCheck(listenOverflow, factsWithDrops([60, 60], [60, 60])).status).toBe('info')
    expect(findingOfCheck(listenOverflow, factsWithDrops([0, 0], [0, 0])).status).toBe('ok')
  })

  it('warns of drops that are not overflows', () => {
    const finding = findingOfCheck(listenOverflow, factsWithDrops([0, 0], [0, 7]))
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('7 dropped at listeners for other causes')
  })

  it('warns, and no more, on one sample with a loss since boot', () => {
    const single = {
      ...factsWithDrops([60, 60], [60, 60]),
      sampling: 'single',
      windowMs: 0,
    } as const
    expect(findingOfCheck(listenOverflow, single).status).toBe('warn')
  })

  it('is unknown when the counter went backwards', () => {
    expect(findingOfCheck(listenOverflow, factsWithDrops([60, 15], [60, 15])).status).toBe(
      'unknown',
    )
  })
})
