import { describe, expect, it } from 'vitest'
import { processPauses } from '../../../../src/doctor/checks/process/pauses.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { Finding } from '../../../../src/doctor/finding.ts'
import { parsePrometheusText } from '../../../../src/doctor/parsers/prometheus-text.ts'
import { factsWith, targetWith } from '../../facts-builder.ts'

const URL = 'http://push-1:7002/metrics'

function page(pausedSeconds: number, lagSeconds: number, longestBucket: '0.001' | '0.2' | '2') {
  const inBucket = (bound: number): number => (Number(longestBucket) <= bound ? 10 : 0)
  return known(
    parsePrometheusText(`
nodejs_gc_duration_seconds_bucket{le="0.001",kind="major"} ${inBucket(0.001)}
nodejs_gc_duration_seconds_bucket{le="0.2",kind="major"} ${inBucket(0.2)}
nodejs_gc_duration_seconds_bucket{le="2",kind="major"} 10
nodejs_gc_duration_seconds_bucket{le="+Inf",kind="major"} 10
nodejs_gc_duration_seconds_sum{kind="major"} ${pausedSeconds}
nodejs_gc_duration_seconds_count{kind="major"} 10
nodejs_eventloop_lag_p99_seconds ${lagSeconds}
`)!,
    URL,
  )
}

/** Over ten seconds, from a start without pauses. */
function findingOf(after: ReturnType<typeof page> | ReturnType<typeof unknown>): Finding {
  const facts = factsWith()
  const quiet = page(0, 0, '0.001')
  const pair: Facts = {
    ...facts,
    sampling: 'window',
    windowMs: 10_000,
    before: { ...facts.before, metrics: { [URL]: quiet } },
    after: { ...facts.after, metrics: { [URL]: after } },
  }
  const [finding] = processPauses.evaluate(pair, targetWith()) as readonly Finding[]
  return finding!
}

describe('process/pauses', () => {
  it('says nothing where no metrics were named', () => {
    expect(processPauses.evaluate(factsWith(), targetWith())).toEqual([])
  })

  it.each([
    [0.5, 0.01, '0.001', 'ok'],
    [0.5, 0.1, '0.001', 'warn'],
    [0.5, 1, '0.001', 'critical'],
    [0.5, 0.01, '0.2', 'warn'],
    [0.5, 0.01, '2', 'critical'],
    [1, 0.01, '0.001', 'warn'],
    [3, 0.01, '0.001', 'critical'],
  ] as const)(
    'of %s s in collections, a lag of %s s and a longest pause of %s s is %s',
    (paused, lag, longest, status) => {
      expect(findingOf(page(paused, lag, longest))).toMatchObject({ status })
    },
  )

  it('names runtime, page and figures, and what to read next', () => {
    const finding = findingOf(page(1, 0.3, '0.2'))
    expect(finding.subject).toBe(`Node at ${URL}`)
    expect(finding.observed).toBe(
      'longest collection 200 ms, 10.0 % of the time in collections, loop lag 300 ms',
    )
    expect(finding.fix_now).toBe('pushctl doctor --explain process/pauses')
  })

  it('is unknown, with the reason, for a page that could not be read', () => {
    const finding = findingOf(unknown('connect ECONNREFUSED', URL))
    expect(finding.status).toBe('unknown')
    expect(finding.observed).toContain('ECONNREFUSED')
  })
})
