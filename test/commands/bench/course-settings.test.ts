import { expect, it } from 'vitest'
import { withStages } from '../../../src/commands/bench/course-settings.ts'
import { BENCH_OPTIONS } from '../../../src/commands/bench-options.ts'
import { type BenchOptions, benchFaults } from '../../../src/commands/bench-settings.ts'

const defaults = Object.fromEntries(
  Object.entries(BENCH_OPTIONS).map(([key, row]) => [
    key,
    'repeatable' in row ? [] : 'default' in row ? row.default : undefined,
  ]),
) as unknown as BenchOptions

const faultsOf = (options: Partial<BenchOptions>): string[] =>
  benchFaults({ ...defaults, ...options }, []).map(({ message }) => message)

const SLO = ['echo_latency:p99<50ms']

it.each<[Partial<BenchOptions>, string]>([
  [{ find: 'rate', mode: 'echo' }, '--find needs at least one --slo'],
  [{ find: 'rate', mode: 'idle', slo: SLO }, '--find rate does not go with --mode idle'],
  [{ find: 'rate', mode: 'storm', slo: SLO }, '--find does not go with --mode storm'],
  [{ find: 'rate', mode: 'mixed', slo: SLO }, '--find does not go with --mode mixed'],
  [{ find: 'rate', slo: SLO, stages: ['1s@5'] }, 'expected --find or stages, got both'],
  [{ stages: ['1s@5'], broadcastCount: 3 }, '--stages does not go with --broadcasts: give a rate'],
  [{ rateStages: ['1s@5'], mode: 'idle' }, '--rate-stages does not go with --mode idle'],
])('%j is refused', (options, message) => {
  expect(faultsOf(options)).toEqual([message])
})

it('all that is wrong is told together', () => {
  const faults = faultsOf({ stages: ['1s'], rateStages: ['x@1'], find: 'rate', mode: 'churn' })
  expect(faults).toHaveLength(5)
})

it('stages and searches that go together are taken', () => {
  expect(faultsOf({ find: 'connections', mode: 'idle', slo: ['handshake_time:p99<1s'] })).toEqual(
    [],
  )
  expect(faultsOf({ stages: ['1s@5'], rateStages: ['1s@5'], mode: 'unicast' })).toEqual([])
})

it('the plan has room for the largest stage, and time for all', () => {
  const options = { ...defaults, stages: ['1s@5k', '2s@9k', '1s@1k'], rateStages: ['5s@70'] }
  expect(withStages(options)).toMatchObject({
    connections: 9_000,
    messagesPerSecond: 70,
    durationMs: 5_000,
  })
  expect(withStages(defaults)).toBe(defaults)
})
