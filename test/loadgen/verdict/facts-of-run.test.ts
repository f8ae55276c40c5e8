import { expect, test } from 'vitest'
import { LatencyPair } from '../../../src/loadgen/latency-pair.ts'
import type { RunFindings } from '../../../src/loadgen/run-findings.ts'
import { factsOfRun } from '../../../src/loadgen/verdict/facts-of-run.ts'
import { type HostSample, sampleFrom } from '../../../src/stats/host-counters.ts'
import { LatencyRecorder } from '../../../src/stats/latency-recorder.ts'

const SENDS = { planned: 100, sent: 90, late: 5, unsent: 6, unsendable: 4 }

function recorded(...valuesUs: number[]): Uint8Array {
  const recorder = new LatencyRecorder()
  for (const us of valuesUs) recorder.recordUs(us)
  return recorder.encode()
}

function sample(listenOverflows: number, retransmits: number): HostSample {
  const netstat = `TcpExt: ListenOverflows\nTcpExt: ${listenOverflows}\n`
  const snmp = `Tcp: RetransSegs\nTcp: ${retransmits}\n`
  return sampleFrom((file) =>
    file === 'net/netstat' ? netstat : file === 'net/snmp' ? snmp : null,
  )
}

/** What one thread found: quiet while it was measured, and troubled before. */
function thread(lagUs: number, pauseUs: number) {
  return {
    gc: [{ kind: 'major', encoded: recorded(900_000), longest: new Float64Array() }],
    gcMeasured:
      pauseUs === 0
        ? []
        : [{ kind: 'minor', encoded: recorded(pauseUs, 10), longest: new Float64Array() }],
    loopLag: recorded(500_000),
    loopLagMeasured: lagUs === 0 ? recorded() : recorded(lagUs),
    steadyUsage: { cpuShare: 0.5, waitShare: 0.1 },
    failures: [{ phase: 'connect', cause: 'EADDRNOTAVAIL', count: 3 }],
    refused: 5,
    bytes: [
      { direction: 'sent', expected: 100, counted: 90 },
      { direction: 'received', expected: 40, counted: 41 },
    ],
  }
}

/** Only what a verdict is judged from. */
function findings(change: object = {}): RunFindings {
  return {
    plan: { connections: 1_000, targets: [{ address: '127.0.0.1' }] },
    stage: { startUs: 0, measureFromUs: 1_000_000, endUs: 6_000_000 },
    endUs: 4_000_000,
    shards: [
      { index: 0, result: thread(1_000, 0) },
      { index: 1, result: null },
      { index: 2, result: thread(30_000, 2_000) },
    ],
    publisher: thread(0, 0),
    hostBefore: sample(1, 10),
    hostMeasured: sample(4, 30),
    hostAfter: sample(4, 37),
    hosts: [],
    ...change,
  } as unknown as RunFindings
}

test('each thread is judged by itself, and only for its measured time', () => {
  const { threads, shards, shardsLost } = factsOfRun(findings(), SENDS, [])
  const usage = { cpuShare: 0.5, waitShare: 0.1 }
  expect(threads).toEqual([
    { name: 'shard 0', ...usage, loopLagUsP99: 1_000, gcPauseUsMax: null },
    { name: 'shard 2', ...usage, loopLagUsP99: 30_015, gcPauseUsMax: 2_000 },
    { name: 'the publisher', ...usage, loopLagUsP99: null, gcPauseUsMax: null },
  ])
  expect([shards, shardsLost]).toEqual([3, 1])
})

test('the host is judged by its measured time, but for what connecting shows', () => {
  const facts = factsOfRun(findings(), SENDS, [])
  expect([facts.host.retransmits, facts.host.listen_overflows]).toEqual([7, 0])
  expect(facts.hostInAll.listen_overflows).toBe(3)
  expect(facts.measuredSeconds).toBe(3)
})

test('a run that ended before its measured time is judged by all there is', () => {
  const early = findings({ stage: null, hostMeasured: null })
  const facts = factsOfRun(early, SENDS, [])
  expect(facts.host.retransmits).toBe(27)
  expect(facts.measuredSeconds).toBe(0)
})

test('bytes are summed, but not where a shard or the end is missing', () => {
  const shards = [0, 1].map((index) => ({ index, result: thread(1_000, 0) }))
  expect(factsOfRun(findings({ shards }), SENDS, []).bytes).toEqual([
    { direction: 'sent', expected: 200, counted: 180 },
    { direction: 'received', expected: 80, counted: 82 },
  ])
  expect(factsOfRun(findings(), SENDS, []).bytes).toEqual([])
  expect(factsOfRun(findings({ shards, isInterrupted: true }), SENDS, []).bytes).toEqual([])
})

test('messages that had no connection are no fault of the generator', () => {
  expect(factsOfRun(findings(), SENDS, [])).toMatchObject({ planned: 100, late: 5, unsent: 6 })
})

test('failures of all threads, clamped values of all metrics and refused ones count', () => {
  const pair = new LatencyPair()
  pair.recordUs(1_000, 500, 1_200)
  pair.recordUs(1_000, 500, 600)
  const { failures, latencies, connections } = factsOfRun(findings(), SENDS, [pair, pair])
  expect(failures.map(({ count }) => count)).toEqual([3, 3, 3])
  expect(latencies).toEqual({ count: 14, clamped: 12 })
  expect(connections).toBe(1_000)
})

test('a target counts as here where any of them is', () => {
  const far = { connections: 1, targets: [{ address: '192.0.2.1' }] }
  expect(factsOfRun(findings({ plan: far }), SENDS, []).isTargetHere).toBe(false)
  expect(factsOfRun(findings(), SENDS, []).isTargetHere).toBe(true)
})
