import { afterEach, expect, it } from 'vitest'
import { bench } from './bench-process.ts'
import { type LimitedServer, startLimitedServer } from './limited-server.ts'

// The answers are held against what the server is built to hold, not against what it did.

let server: LimitedServer
afterEach(() => server.close())

const WAYS = [
  '--target-protocol',
  'ws',
  '--mode',
  'echo',
  '--connect-rate',
  '2k',
  '--doctor',
  'off',
]

it('--find rate comes within 5 % of what a server can do, over connections that stay', async () => {
  const capacity = 900
  server = await startLimitedServer({ messagesPerSecond: capacity, connections: 100 })
  const { status, report } = await bench([
    ...[server.url, ...WAYS, '-c', '20', '-R', '300', '--find', 'rate'],
    ...['--slo', 'echo_latency:p99<60ms', '--slo', 'lost==0'],
    ...['-d', '3s', '--warmup', '300ms'],
  ])
  const { search, stages = [] } = report
  expect(search).toMatchObject({ of: 'rate', limit: 'target', confirmed: true })
  expect(search?.passed).toBeGreaterThan(capacity * 0.95)
  expect(search?.passed).toBeLessThan(capacity * 1.05)
  expect(server.taken()).toBe(20)
  expect(stages.length).toBeGreaterThan(5)
  expect(stages.at(-1)).toMatchObject({ outcome: 'passed', rate_wanted: search?.passed })
  expect(status).toBe(0)
}, 120_000)

it('--find connections grows and shrinks what is up, and finds how many there may be', async () => {
  server = await startLimitedServer({ messagesPerSecond: 1e6, connections: 100 })
  const { status, report } = await bench([
    ...[server.url, ...WAYS, '-c', '400', '-r', '1', '--find', 'connections'],
    ...['--slo', 'echo_latency:p99<200ms', '-d', '2s', '--warmup', '100ms'],
  ])
  // 103 is within the ratio at which the search is done.
  expect(report.search).toMatchObject({ passed: 100, limit: 'target', confirmed: true })
  expect([101, 102, 103]).toContain(report.search?.failed)
  expect(report.connections).toMatchObject({ requested: 100, alive_at_end: 100, failed: 0 })
  // Each step opened what it had more than the one before, and nothing again that was up.
  const { stages = [] } = report
  let up = 0
  let opened = 0
  for (const { connections } of stages) {
    opened += Math.max(0, connections.alive_at_end - up)
    up = connections.alive_at_end
  }
  expect(server.taken()).toBe(opened)
  expect(status).toBe(0)
}, 120_000)
