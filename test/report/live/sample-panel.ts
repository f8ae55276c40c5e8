/** A run in the middle of its second stage, as its live view sees it. */
import type { BenchPanel } from '../../../src/report/live/bench-panel.ts'
import { RunHistory } from '../../../src/report/live/run-history.ts'
import type { RunProgress } from '../../../src/stats/run-progress.ts'
import type { StageReport } from '../../../src/stats/run-report.ts'
import { SAMPLE_REPORT } from '../sample-report.ts'

export const PROGRESS: RunProgress = {
  phase: 'steady',
  elapsedMs: 12_300,
  totalMs: 30_000,
  connections: 10_000,
  connectionsTarget: 10_000,
  sentPerSecond: 4_998,
  receivedPerSecond: 4_997,
  p50: 812,
  p99: 8_400,
  verdict: 'VALID',
  standing: {
    step: 2,
    messagesPerSecond: 5_000,
    isHeld: false,
    latency: { p50: 812, p90: 1_210, p99: 8_400, p99_9: 12_000, max: 31_000 },
    verdict: { value: 'VALID', reasons: [] },
    late: 0,
    threads: { cpuShare: 0.452, waitShare: 0.01, loopLagUsP99: 1_200, gcPauseUsMax: 2_100 },
    gcCount: 34,
    host: {
      time_wait: 12,
      retransmits: 0,
      listen_overflows: 0,
      softnet_drops: 0,
      cpu_percent: 45.2,
    },
    failures: [],
  },
}

const { connections, messages, metrics } = SAMPLE_REPORT

export const STAGE: StageReport = {
  at_ms: 2_000,
  duration_ms: 30_000,
  connections_wanted: 10_000,
  rate_wanted: 4_000,
  verdict: { value: 'VALID', reasons: [] },
  connections,
  messages,
  metrics,
  thresholds: [],
}

export function samplePanel(changes: Partial<BenchPanel> = {}): BenchPanel {
  const history = new RunHistory()
  for (const share of [0, 0.25, 0.5, 1, 1, 1]) {
    history.add({
      ...PROGRESS,
      connections: PROGRESS.connections * share,
      sentPerSecond: PROGRESS.sentPerSecond * share,
      p99: share === 0 ? null : 2_000 / share,
    })
  }
  return {
    title: 'pushctl bench: echo against tcp://10.0.0.7:7000',
    progress: PROGRESS,
    history,
    stages: [STAGE],
    notes: [],
    stagesInAll: 3,
    leftMs: 48_700,
    wantedPerSecond: null,
    isStopping: false,
    keys: [
      ['h', 'hold'],
      ['q', 'stop and report'],
    ],
    ...changes,
  }
}
