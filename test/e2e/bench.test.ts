import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { bench, startBench } from './bench-process.ts'

const engines = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)
const SHORT = ['-c', '200', '-d', '1s', '--warmup', '200ms']

/** A busy machine may starve the generator; then the run says so (5), but counts all the same. */
const DONE = [0, 5]

describe.each(engines)('pushctl bench with a node of its own on the %s engine', (engine) => {
  it.each([
    ['broadcast', '10', 'push_latency'],
    ['unicast', '300', 'push_latency'],
    ['echo', '300', 'echo_latency'],
  ] as const)('mode %s loses nothing over TCP and WebSocket', async (mode, rate, metric) => {
    const { status, report, stderr } = await bench([
      ...['--mode', mode, '-R', rate, '--engine', engine, '--seed', '3'],
      ...SHORT,
    ])
    expect(stderr).toBe('')
    expect(DONE).toContain(status)
    expect(report).toMatchObject({ schema: 'pushctl.bench/1', mode, engine, interrupted: false })
    expect(report.targets.map((url) => url.slice(0, 5))).toEqual(['tcp:/', 'ws://'])
    expect(report.connections).toMatchObject({
      requested: 200,
      attempted: 200,
      established: 200,
      failed: 0,
      alive_at_end: 200,
      failures: [],
    })
    const { planned, sent, unsent, expected, received, lost, duplicated } = report.messages
    expect(planned).toBe(Number(rate))
    expect(sent + unsent).toBe(planned)
    expect(expected).toBe(mode === 'broadcast' ? sent * 200 : sent)
    expect([received, lost, duplicated]).toEqual([expected, 0, 0])
    expect(report.metrics[metric]?.response.count).toBe(received)
    expect(report.metrics.connect_time?.service.count).toBe(200)
    expect(report.metrics.handshake_time?.response.count).toBe(200)
    expect(report.gc.generator.known).toBe(true)
    expect(report.gc.target.known).toBe(true)
    if (mode !== 'broadcast') return
    expect(report.metrics.broadcast_first?.response.count).toBe(sent)
    expect(report.metrics.broadcast_all?.response.count).toBe(sent)
  })

  it('mode mixed counts unicasts, broadcasts and heartbeats apart', async () => {
    const { report } = await bench([
      ...['--mode', 'mixed', '-c', '300', '--unicasts', '150', '--broadcasts', '3'],
      ...['--heartbeat', '1s', '-d', '2500ms', '--warmup', '0s', '--engine', engine],
    ])
    const { planned, sent, expected, received, lost, duplicated } = report.messages
    expect([planned, sent]).toEqual([153, 153])
    expect([expected, received]).toEqual([150 + 900, 150 + 900])
    expect([lost, duplicated]).toEqual([0, 0])
    expect(report.metrics.push_latency?.response.count).toBe(150)
    expect(report.metrics.broadcast_first?.response.count).toBe(3)
    expect(report.metrics.broadcast_all?.response.count).toBe(3)
    expect(report.metrics.heartbeat_rtt?.response.count).toBeGreaterThanOrEqual(300)
    expect(report.connections).toMatchObject({ established: 300, alive_at_end: 300 })
  })

  it('mode idle holds its connections and sends nothing', async () => {
    const { report } = await bench(['--mode', 'idle', '--engine', engine, ...SHORT])
    expect(report.connections).toMatchObject({ established: 200, failed: 0, alive_at_end: 200 })
    expect(report.messages).toMatchObject({ planned: 0, sent: 0, expected: 0, received: 0 })
  })
})

describe('pushctl bench', () => {
  it('divides over processes without losing a connection', async () => {
    const { report } = await bench(['--mode', 'echo', '--processes', '3', ...SHORT])
    expect(report.connections).toMatchObject({ established: 200, alive_at_end: 200 })
    expect(report.messages.lost).toBe(0)
    expect(report.plan).toMatchObject({ shards: { kind: 'process', connections: [67, 67, 66] } })
  })

  it('has an interval for each second and repeats a poisson schedule by its seed', async () => {
    const words = ['--mode', 'echo', '--arrivals', 'poisson', '--seed', '11', ...SHORT]
    const [first, second] = [await bench(words), await bench(words)]
    expect(first.report.messages.planned).toBe(second.report.messages.planned)
    expect(first.report.intervals.length).toBeGreaterThan(0)
  })

  it('ends with 99 where a threshold is crossed, and says which', async () => {
    const slos = ['-R', '5', '--slo', 'push_latency:p99<1us', '--slo', 'lost==0']
    const { status, report } = await bench([...slos, ...SHORT])
    expect(report.thresholds.map(({ held }) => held)).toEqual([false, true])
    // A verdict on the generator comes first: its numbers do not count.
    expect(status).toBe(report.verdict.value === 'INVALID' ? 5 : 99)
  })

  it('writes report.json and the histograms, and the text to stdout', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-bench-'))
    const { stdout } = await startBench(['--out', folder, '-R', '5', '--quiet', ...SHORT]).ended
    const files = readdirSync(folder)
    expect(files).toContain('push_latency.response.hgrm')
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))
    rmSync(folder, { recursive: true })
    expect(stdout.startsWith(report.verdict.value)).toBe(true)
  })

  it('prints the plan and starts nothing', async () => {
    const { status, stdout } = await startBench(['-c', '500', '--plan', '--json']).ended
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'pushctl.bench-plan/1',
      connections: 500,
      targets: [{ connections: 250 }, { connections: 250 }],
    })
  })
})
