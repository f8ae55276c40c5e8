import { expect, it } from 'vitest'
import { joinProgress } from '../../../../src/commands/bench/remote/hosts-progress.ts'
import type { RunProgress, RunStanding } from '../../../../src/stats/run-progress.ts'

const STANDING: RunStanding = {
  step: 2,
  messagesPerSecond: 5,
  isHeld: false,
  latency: { p50: 1, p90: 2, p99: 3, p99_9: 4, max: 5 },
  verdict: { value: 'VALID', reasons: [] },
  late: 1,
  threads: { cpuShare: 0.5, waitShare: null, loopLagUsP99: 7, gcPauseUsMax: null },
  gcCount: 2,
  host: {
    time_wait: 9,
    retransmits: 1,
    listen_overflows: 0,
    softnet_drops: null,
    cpu_percent: 40,
  },
  failures: [{ phase: 'connect', cause: 'refused', count: 3 }],
}

const PROGRESS: RunProgress = {
  phase: 'steady',
  elapsedMs: 500,
  totalMs: 1_000,
  connections: 10,
  connectionsTarget: 20,
  sentPerSecond: 5,
  receivedPerSecond: 4,
  p50: null,
  p99: 30,
  verdict: 'VALID',
  standing: STANDING,
}

it('sums what adds up, and has the worst of what does not', () => {
  const other: RunProgress = {
    ...PROGRESS,
    phase: 'connect',
    elapsedMs: 100,
    p99: 20,
    verdict: 'SUSPECT',
    standing: {
      ...STANDING,
      isHeld: true,
      latency: null,
      verdict: { value: 'SUSPECT', reasons: ['it was late'] },
      threads: null,
    },
  }
  const hosts = [
    { name: 'a', progress: PROGRESS },
    { name: 'b', progress: other },
  ]
  expect(joinProgress(hosts, 12)).toEqual({
    phase: 'connect',
    elapsedMs: 100,
    totalMs: 1_000,
    connections: 20,
    connectionsTarget: 40,
    sentPerSecond: 10,
    receivedPerSecond: 8,
    p50: null,
    p99: 30,
    verdict: 'SUSPECT',
    standing: {
      ...STANDING,
      messagesPerSecond: 12,
      isHeld: true,
      verdict: { value: 'SUSPECT', reasons: ['b: it was late'] },
      late: 2,
      gcCount: 4,
      host: { ...STANDING.host, retransmits: 2 },
      failures: [{ phase: 'connect', cause: 'refused', count: 6 }],
    },
  })
})

it('has no standing while a host has said nothing of its own', () => {
  const { standing: _, verdict: _verdict, ...silent } = PROGRESS
  const hosts = [
    { name: 'a', progress: PROGRESS },
    { name: 'b', progress: silent },
  ]
  expect(joinProgress(hosts, 12)).not.toHaveProperty('standing')
})
