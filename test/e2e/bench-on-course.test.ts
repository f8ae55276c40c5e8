import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { hasRedis, NO_REDIS, startRedis } from '../cluster/redis-server.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { type BenchProcess, isAlive, reportFrom, startBench } from './bench-process.ts'
import { startLimitedServer } from './limited-server.ts'
import { OnHosts } from './on-hosts.ts'
import { ServeProcess, until } from './serve-process.ts'
import { HAS_TERMINAL, TerminalProcess } from './terminal-process.ts'

// Runs of several steps, and hands on them, where several hosts drive.

const BIN = join(packageRoot(), 'bin', 'pushctl.js')

let hosts: OnHosts
let node: ServeProcess

beforeAll(async () => {
  hosts = new OnHosts()
  node = await ServeProcess.start()
})

afterAll(async () => {
  await node?.kill()
  hosts.end()
})

function wordsOn(names: string, ...words: string[]): string[] {
  const target = [...words, '--publish', node.url('/'), `tcp://${node.tcp}`]
  return [...hosts.words(names), '--warmup', '200ms', ...target]
}

function benchOn(names: string, ...words: string[]): BenchProcess {
  return startBench([...wordsOn(names, ...words), '--json', '--quiet'])
}

/** A stand-in for ssh that runs what comes here. */
function underSsh(): string[] {
  writeFileSync(join(hosts.folder, 'ssh'), '#!/bin/sh\nexec sh -s\n')
  chmodSync(join(hosts.folder, 'ssh'), 0o755)
  return ['env', `PATH=${hosts.folder}${delimiter}${process.env['PATH']}`]
}

async function devicesAre(count: number): Promise<void> {
  await until(async () => (await node.describe()).counters.devicesOnline === count, 40_000)
}

describe('a course over several hosts', { timeout: 90_000 }, () => {
  it('is the same steps at the same times on all, also on one that has no share of a step', async () => {
    const stages = ['--stages', '800ms@2,800ms@41,800ms@7', '--target-pid', String(node.child.pid)]
    const run = benchOn('a,b,c', '--mode', 'broadcast', '-R', '10', ...stages)
    const report = reportFrom(await run.ended)
    const held = report.stages!.map(({ connections, messages }) => [
      connections.requested,
      connections.alive_at_end,
      messages.planned,
      messages.received,
      messages.lost,
    ])
    expect(held).toEqual([
      [2, 2, 8, 16, 0],
      [41, 41, 8, 328, 0],
      [7, 7, 8, 56, 0],
    ])
    for (const { metrics } of report.stages!) expect(metrics.broadcast_all?.response.count).toBe(8)
    const own = report.generators!.map(({ connections }) => connections.alive_at_end)
    expect(own).toEqual([3, 2, 2])
    // Of the node, by the head: the hosts would not find it.
    expect(report.target?.sources).toMatchObject([{ failed: 0 }])
    expect(report.target?.sources[0]?.name).toContain(`process ${node.child.pid}`)
  })

  it('divides each rate, and judges each step by what all hosts found', async () => {
    const words = ['--rate-stages', '1s@60,1s@120', '--slo', 'lost==0', '--mode', 'echo', '-c', '3']
    const looked = ['--target-host', 'push-1', '--doctor', 'on']
    const run = startBench([...wordsOn('a,b', ...words, ...looked), '--json'], underSsh())
    const report = reportFrom(await run.ended)
    const held = report.stages!.map(({ rate_wanted, messages }) => [rate_wanted, messages.planned])
    expect(held).toEqual([
      [60, 60],
      [120, 120],
    ])
    expect(report.stages!.map(({ thresholds }) => thresholds[0]?.held)).toEqual([true, true])
    // Its hosts by themselves, and the target's by the head.
    const seen = report.hosts.map(({ host, role, failure }) => [host, role, failure])
    expect(seen).toEqual([
      ['a', 'both', null],
      ['b', 'both', null],
      ['push-1', 'server', null],
    ])
    // Two connections and one.
    const shares = report.generators!.map(({ sent }) => sent)
    expect(shares[0]! / shares[1]!).toBeCloseTo(2, 0)
  })

  it('finds what a server holds, and gives up where a host is lost', async () => {
    const server = await startLimitedServer({ messagesPerSecond: 1e6, connections: 9 })
    const find = [...hosts.words('first,second'), '--target-protocol', 'ws', '--mode', 'echo', '-r']
    const words = [...find, '20', '--find', 'connections', '--slo', 'echo_latency:p99<9s', '--json']
    const short = ['-c', '40', '-d', '300ms', '--warmup', '100ms', '--quiet', server.url]
    try {
      const { search, connections } = reportFrom(await startBench([...words, ...short]).ended)
      expect(search).toEqual({
        ...{ of: 'connections', passed: 9, failed: 10, limit: 'target', confirmed: true },
      })
      expect(connections).toMatchObject({ requested: 9, alive_at_end: 9 })
      const before = server.taken()
      const long = ['-c', '40', '-d', '2s', '--quiet', server.url]
      const run = startBench([...words, ...long])
      await until(() => server.taken() > before, 40_000)
      process.kill(hosts.pidOf('second'), 'SIGKILL')
      const report = reportFrom(await run.ended)
      expect(report.search).toMatchObject({ limit: 'generator', confirmed: false })
      expect(report.stages).toHaveLength(1)
    } finally {
      await server.close()
    }
  })
})

describe('the plan of several hosts', () => {
  it('is that of each and the sums, and says who cannot', async () => {
    const end = await benchOn('one,two', '-c', '61', '--mode', 'echo', '--plan').ended
    const plan = JSON.parse(end.stdout)
    expect(plan).toMatchObject({ schema: 'pushctl.bench-hosts-plan/1', connections: 61 })
    const of = plan.hosts.map((row: { host: string; plan: { connections: number } }) => [
      row.host,
      row.plan.connections,
    ])
    expect(of).toEqual([
      ['one', 31],
      ['two', 30],
    ])
    expect((await node.describe()).counters.devicesOnline).toBe(0)
    const none = await benchOn('one,small', '-c', '400', '--processes', '1', '--plan').ended
    expect([none.status, none.stderr]).toEqual([3, expect.stringContaining('small: expected more')])
  }, 60_000)
})

describe.skipIf(!hasRedis)(`a cluster${hasRedis ? '' : ` (${NO_REDIS})`}`, () => {
  it('is driven by several hosts, and drained by the head', async () => {
    const redis = await startRedis()
    const joined = ['--cluster', redis.url, '--cluster-lease', '1s', '--shards', '1']
    const start = (name: string) => ServeProcess.start(...joined, '--node-name', name)
    const nodes = await Promise.all(['a', 'b'].map(start))
    const [first] = nodes as [ServeProcess]
    const set = async (): Promise<{ nodes?: unknown[] }> =>
      (await fetch(first.url('/v1/dispatch?device=x'))).json() as Promise<{ nodes?: unknown[] }>
    try {
      await until(async () => (await set()).nodes?.length === 2)
      const load = ['-c', '40', '--mode', 'unicast', '-R', '40', '--qos', '1', '-d', '4s']
      const drain = ['--scenario', 'drain', '--scenario-node', 'b', '--scenario-after', '200ms']
      const words = [...hosts.words('one,two'), '--dispatch', first.url(''), ...load, ...drain]
      const end = await startBench([...words, '--warmup', '100ms', '--json', '--quiet']).ended
      const { cluster, messages, connections } = reportFrom(end)
      expect(cluster!.events).toMatchObject([{ what: 'draining', node: 'b', failure: '' }])
      const rows = cluster!.nodes.map((row) => [row.devices_at_start > 0, row.devices_at_end])
      expect(rows).toEqual([
        [true, 40],
        [true, 0],
      ])
      expect([messages.lost, connections.alive_at_end]).toEqual([0, 40])
    } finally {
      await Promise.all(nodes.map((node) => node.kill()))
      await redis.remove()
    }
  }, 60_000)
})

describe('the head of a run', { timeout: 90_000 }, () => {
  it('leaves what was measured where it is killed', async () => {
    const out = join(hosts.folder, 'killed')
    const record = join(out, 'intervals.ndjson')
    const run = benchOn('x,y', '-c', '20', '--mode', 'echo', '-R', '40', '-d', '10m', '--out', out)
    await devicesAre(20)
    const rows = (): number => readFileSync(record, 'utf8').split('"phase":"steady"').length - 1
    await until(() => rows() >= 2, 40_000)
    run.child.kill('SIGKILL')
    const shown = spawnSync(process.execPath, [BIN, 'report', 'show', out, '--json'])
    const report: RunReport = JSON.parse(shown.stdout.toString())
    expect(report).toMatchObject({ partial: true, mode: 'echo' })
    expect(report.connections).toMatchObject({ requested: 20, established: 20, alive_at_end: 20 })
    expect(report.metrics.echo_latency?.response.count).toBeGreaterThan(10)
    await until(() => !isAlive(hosts.pidOf('x')) && !isAlive(hosts.pidOf('y')), 40_000)
  })

  it.skipIf(!HAS_TERMINAL)('passes keys on to all hosts', async () => {
    const out = join(hosts.folder, 'steered')
    const load = ['-c', '20', '--mode', 'echo', '-R', '40', '-d', '4s', '--out', out]
    const command = [process.execPath, BIN, 'bench', ...wordsOn('left,right', ...load)]
    const terminal = new TerminalProcess(command, 100)
    let at = await terminal.sees(/steady .*left/)
    terminal.press('h')
    at = await terminal.sees(/held .*20 of 20.*h release/s, at)
    at = await terminal.sees(/held .* [5-9]s\s/, at)
    terminal.press('+')
    at = await terminal.sees(/stage 1 .*40\/s/, at)
    terminal.press('ha')
    await terminal.sees(/steady .*left.*stage 2 of 3/, at)
    terminal.press('q')
    expect([0, 5]).toContain(await terminal.ended)
    const report: RunReport = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    const done = report.steered!.map(({ what, rate_wanted }) => rate_wanted ?? what)
    expect(done).toEqual(['hold', 50, 'release', 'stage', 'stop'])
    const [held, stepped] = report.stages!
    expect([held!.rate_wanted, stepped!.rate_wanted, report.stages!.length]).toEqual([40, 50, 2])
    expect(held!.duration_ms).toBeGreaterThan(4_000)
    const planned = (held!.duration_ms / 1000) * 40
    expect(Math.abs(held!.messages.planned - planned)).toBeLessThan(6)
    expect(held!.messages.lost).toBe(0)
  })
})
