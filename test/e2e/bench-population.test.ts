/** The built bench with rooms, sizes, texts in payloads, several publishers and bad clients. */
import { describe, expect, it } from 'vitest'
import type { BadClientReport, RunReport } from '../../src/stats/run-report.ts'
import { bench, startBench } from './bench-process.ts'
import { ServeProcess } from './serve-process.ts'

const ALL_WELL = { lost: 0, duplicated: 0, reordered: 0 }
/** A busy machine may starve the generator (5): all came all the same. */
const DONE = [0, 5]
const SHORT = ['--connect-rate', '2k', '--warmup', '200ms']
const TEXT = '{"n":{counter},"to":"{device}","x":"{random:12}"}'

function ofKind(report: RunReport, kind: BadClientReport['kind']): BadClientReport {
  const found = report.bad_clients?.kinds.find((row) => row.kind === kind)
  if (found === undefined) throw new Error(`no ${kind} in the report`)
  return found
}

describe('a population', { timeout: 60_000 }, () => {
  it('of rooms and sizes gets every push that is owed to it, over three publishers', async () => {
    const { status, report, stderr } = await bench([
      ...['--mode', 'unicast', '-c', '200', '-R', '300', '-d', '1s', ...SHORT, '--seed', '7'],
      ...['--tags', '10', '--tag-share', '20%', '--publishers', '3'],
      ...['--message-size', 'lognormal:400:0.7', '--payload', TEXT],
    ])
    expect(stderr).toBe('')
    expect(DONE).toContain(status)
    expect(report.messages).toMatchObject(ALL_WELL)
    expect(report.messages.received).toBe(report.messages.expected)
    // 60 of the 300 go to rooms of 20 devices on average.
    const mean = 240 + 60 * 20
    expect(report.messages.expected).toBeGreaterThan(mean * 0.6)
    expect(report.messages.expected).toBeLessThan(mean * 1.4)
    expect(report.metrics.push_latency?.response.count).toBe(report.messages.received)
    expect(report.plan).toMatchObject({ population: { rooms: { count: 10, skew: 1 } } })
  })

  it('sends echoes of several sizes up, with a text in each', async () => {
    const sizes = '128*3,4KiB*1'
    const { report, status } = await bench([
      ...['--mode', 'echo', '-c', '40', '-R', '200', '-d', '1s', ...SHORT],
      ...['--message-size', sizes, '--payload', TEXT],
    ])
    expect(DONE).toContain(status)
    expect(report.messages).toMatchObject({ planned: 200, ...ALL_WELL })
    const schedule = report.plan['schedule'] as { messageBytes: number }
    expect(schedule.messageBytes).toBe((128 * 3 + 4096) / 4)
  })

  it('tells everything that is wrong with it at once', async () => {
    const { status, stderr } = await startBench([
      ...['--mode', 'broadcast', '--tags', '5', '--publishers', '2', '--message-size', '40..60'],
      ...['--payload', 'a long text that does not fit into so few bytes'],
    ]).ended
    expect(status).toBe(2)
    expect(stderr).toContain('--tags does not go with --mode broadcast')
    expect(stderr).toContain('--publishers does not go with --mode broadcast')
    expect(stderr).toContain('--payload needs a --message-size of at least 81 bytes, got 40')
  })
})

describe('bad clients', { timeout: 60_000 }, () => {
  it('are cut and counted apart, and the healthy lose nothing', async () => {
    const node = await ServeProcess.start(
      ...['--handshake-timeout', '1s', '--send-queue-max', '64KiB', '--heartbeat', '1s..1m'],
    )
    const { ready } = node
    const { report, stderr, status } = await bench([
      ...[`tcp://${ready.tcp[0]}`, `ws://${ready.ws[0]}`, '--publish', `http://${ready.http}`],
      ...['--mode', 'unicast', '-c', '10', '-R', '50', '-d', '6s', ...SHORT],
      // Everybody is in one room, and every push goes to it: 3 MB a second for each.
      ...['--tags', '1', '--tag-share', '100%', '--message-size', '60KiB'],
      ...['--slow-readers', '10%', '--never-readers', '20%', '--half-open', '20%'],
      ...['--droppers', '20%', '--drop-after', '400ms', '--drop-away', '100ms'],
      // A slow reader learns from its next heartbeat that it was cut.
      ...['--heartbeat', '1s'],
    ])
    expect(stderr).toBe('')
    expect(DONE).toContain(status)
    expect(report.messages).toMatchObject(ALL_WELL)
    expect(report.messages.expected).toBe(report.messages.sent * 10)
    expect(report.connections).toMatchObject({ requested: 10, established: 10, failed: 0 })
    expect(report.connections.failures).toEqual([])

    const slow = ofKind(report, 'slow-reader')
    expect(slow).toMatchObject({ wanted: 1 })
    expect(slow.cut).toBeGreaterThan(0)
    const never = ofKind(report, 'never-reader')
    expect(never).toMatchObject({ wanted: 2, received: 0 })
    expect(never.cut).toBeGreaterThan(0)
    const halfOpen = ofKind(report, 'half-open')
    expect(halfOpen).toMatchObject({ wanted: 2, received: 0 })
    expect(halfOpen.cut).toBeGreaterThan(0)
    for (const { after_ms } of halfOpen.ends) expect(after_ms.min).toBeGreaterThanOrEqual(900)
    for (const { cause } of halfOpen.ends) {
      expect(cause).toMatch(/^(bye 4201 handshake-timeout|http 408)$/)
    }
    const dropper = ofKind(report, 'dropper')
    expect(dropper.dropped).toBeGreaterThan(4)
    expect(dropper.came_back).toBeGreaterThan(0)
    expect(dropper.received).toBeGreaterThan(0)
    const ended = report.bad_clients?.ended_by_node ?? {}
    expect(ended['too-slow']).toBeGreaterThanOrEqual(slow.cut + never.cut)
    expect(ended['handshake-timeout']).toBeGreaterThan(0)
    node.child.kill('SIGTERM')
    await node.ended
  })

  it('of the profile slow-readers are cut by a node of its own, which says why', async () => {
    const { report, status } = await bench([
      ...['--profile', 'slow-readers', '-c', '20', '-d', '5s', ...SHORT],
      // One room, every push to it, 3 MB a second for each: kernels are full within the run.
      ...['--tags', '1', '--tag-share', '100%', '-R', '50', '--message-size', '60KiB'],
      ...['--heartbeat', '1s'],
    ])
    expect(DONE).toContain(status)
    expect(report.messages).toMatchObject(ALL_WELL)
    expect(ofKind(report, 'slow-reader')).toMatchObject({ wanted: 2 })
    expect(ofKind(report, 'slow-reader').cut).toBeGreaterThan(0)
    expect(ofKind(report, 'never-reader').cut).toBeGreaterThan(0)
    expect(report.bad_clients?.ended_by_node?.['too-slow']).toBeGreaterThanOrEqual(3)
  })
})
