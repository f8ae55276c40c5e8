import { describe, expect, it } from 'vitest'
import { listenQueueNow } from '../../../../src/doctor/checks/listen/queue-now.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { listenersFact, listenerWith } from '../../socket-rows.ts'

const statusOf = (then: number, now: number, backlog: number) =>
  findingOfCheck(
    listenQueueNow,
    factsWith({
      before: listenersFact(listenerWith({ queued: then, backlog })),
      after: listenersFact(listenerWith({ queued: now, backlog })),
    }),
  ).status

describe('listen/queue-now', () => {
  it('is critical when the queue is nearly full, also at one more than the limit', () => {
    expect(statusOf(0, 410, 511)).toBe('critical')
    expect(statusOf(0, 5, 4)).toBe('critical')
  })

  it('warns when it stands in both samples, not when it drains', () => {
    expect(statusOf(200, 200, 511)).toBe('warn')
    expect(statusOf(0, 200, 511)).toBe('ok')
  })

  it('takes one or two waiting connections for none', () => {
    expect(statusOf(2, 2, 1)).toBe('ok')
  })
})
