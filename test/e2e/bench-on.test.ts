import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BenchProcess, isAlive, reportFrom, startBench } from './bench-process.ts'
import { OnHosts } from './on-hosts.ts'
import { ServeProcess, until } from './serve-process.ts'

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

function benchOn(names: string, ...words: string[]): BenchProcess {
  return startBench([
    ...[...hosts.words(names), '--publish', node.url('/')],
    ...['-c', '60', '-d', '1s', '--warmup', '500ms', '--json', ...words],
    `tcp://${node.tcp}`,
  ])
}

async function reportOn(names: string, ...words: string[]) {
  const end = await benchOn(names, '--quiet', ...words).ended
  return { ...end, report: reportFrom(end) }
}

async function devicesAre(count: number): Promise<void> {
  await until(async () => (await node.describe()).counters.devicesOnline === count, 40_000)
}

describe('bench --on', { timeout: 90_000 }, () => {
  it('is one run of all hosts: each device gets each broadcast, and all of them have it', async () => {
    const { report } = await reportOn('near,loud', '--mode', 'broadcast', '-R', '10')
    const { connections, messages, metrics, generators } = report
    expect(connections).toMatchObject({ requested: 60, established: 60, failed: 0 })
    expect(messages).toMatchObject({ planned: 10, sent: 10, expected: 600, received: 600, lost: 0 })
    expect(metrics.push_latency?.response.count).toBe(600)
    expect(metrics.broadcast_all?.response.count).toBe(10)
    expect(generators?.map((row) => [row.host, row.connections.established, row.received])).toEqual(
      [
        ['near', 30, 300],
        ['loud', 30, 300],
      ],
    )
    // They share our kernel, and so our clock.
    expect(generators?.map(({ clock_error_us }) => clock_error_us)).toEqual([0, 0])
    expect(report.plan['merged']).toHaveLength(2)
  })

  it('divides echoes and unicasts, whose times are taken on one clock each', async () => {
    const { report } = await reportOn('a,b,c', '--mode', 'unicast', '-R', '90')
    expect(report.messages).toMatchObject({ planned: 90, expected: 90, received: 90, lost: 0 })
    expect(report.generators?.map(({ sent }) => sent)).toEqual([30, 30, 30])
  })

  it('goes on without hosts that do not come, and says why of each', async () => {
    const names = 'refuses,here,bare,old,liar'
    const { report, status } = await reportOn(names, '--mode', 'echo', '-R', '50')
    expect(report.connections).toMatchObject({ requested: 60, established: 60, failed: 0 })
    const failures = report.generators?.map(({ host, failure }) => [host, failure])
    expect(failures).toEqual([
      ['refuses', 'refuses: Permission denied (publickey).'],
      ['here', null],
      ['bare', expect.stringMatching(/^has no pushctl where it looks: .*not found/)],
      ['old', expect.stringMatching(/^has pushctl 0\.0\.1, and this is /)],
      ['liar', expect.stringMatching(/^said what no worker says: name must be/)],
    ])
    expect(report.verdict.value).not.toBe('VALID')
    expect(report.verdict.reasons.join()).toContain('refuses took no part: ')
    expect([0, 5]).toContain(status)
  })

  it('counts what a lost host was to connect as failed in each stage, and ends in its time', async () => {
    const stages = ['--stages', '3s@20,1s@60']
    const run = benchOn('first,second', '--quiet', '--mode', 'broadcast', '-R', '5', ...stages)
    await devicesAre(20)
    process.kill(hosts.pidOf('second'), 'SIGKILL')
    const report = reportFrom(await run.ended)
    expect(report.interrupted).toBe(false)
    const stood = report.stages!.map(({ connections }) => [
      connections.requested,
      connections.failed,
    ])
    expect(stood).toEqual([
      [20, 10],
      [60, 30],
    ])
    expect(report.connections).toMatchObject({ requested: 60, established: 30, failed: 30 })
    expect(report.connections.failures[0]).toMatchObject({ phase: 'host', count: 30 })
    expect(report.messages).toMatchObject({ planned: 5, expected: 150, lost: 0 })
    expect(report.generators?.[1]?.failure).toContain('ended with SIGKILL')
  })

  it('ends with what it has where the host that broadcasts is lost', async () => {
    const run = benchOn('sender,other', '--quiet', '--mode', 'broadcast', '-R', '5', '-d', '10m')
    await devicesAre(60)
    process.kill(hosts.pidOf('sender'), 'SIGKILL')
    const end = await run.ended
    const report = reportFrom(end)
    expect(end.status).toBe(4)
    const causes = report.connections.failures.map(({ cause }) => cause)
    expect(causes).toEqual(expect.arrayContaining(['sender was lost', 'stream-broken']))
    expect(report.connections).toMatchObject({ established: 30, failed: 30 })
  })

  it('reports what it has when it is interrupted, and leaves nothing running', async () => {
    const run = benchOn('one,two', '--mode', 'broadcast', '-R', '5', '-d', '10m')
    await devicesAre(60)
    run.child.kill('SIGINT')
    const end = await run.ended
    const report = reportFrom(end)
    expect([end.status, report.interrupted]).toEqual([130, true])
    expect(report.connections.established).toBe(60)
    expect([isAlive(hosts.pidOf('one')), isAlive(hosts.pidOf('two'))]).toEqual([false, false])
  })

  it('leaves no worker behind when it is killed', async () => {
    const run = benchOn('left', '--mode', 'idle', '-d', '10m')
    await devicesAre(60)
    run.child.kill('SIGKILL')
    await until(() => !isAlive(hosts.pidOf('left')), 40_000)
    await devicesAre(0)
  })

  it('fails where no host is left, with the reason of each, or the one that all have', async () => {
    const none = await benchOn('refuses,bare').ended
    expect([none.status, none.stderr]).toEqual([4, expect.stringContaining('PUSHCTL_HOSTS_LOST')])
    const closed = await benchOn('a,b', '--publish', 'http://127.0.0.1:1').ended
    expect([closed.status, closed.stderr]).toEqual([4, expect.stringContaining('UNREACHABLE')])
  })

  it.skipIf(!canSkewClocks())('times broadcasts right where clocks are a day apart', async () => {
    const words = ['--mode', 'broadcast', '-R', '10', '-d', '3s']
    const { report } = await reportOn('steady,skewed', ...words)
    expect(report.messages).toMatchObject({
      planned: 30,
      expected: 1_800,
      received: 1_800,
      lost: 0,
    })
    const [steady, skewed] = report.generators ?? []
    expect(steady?.clock_error_us).toBe(0)
    expect(skewed?.clock_error_us).toBeGreaterThan(0)
    expect(skewed?.latencies_refused).toBe(0)
    // Neither below a microsecond nor near a day: on a busy host it may take seconds.
    expect(report.metrics.push_latency?.response.count).toBe(1_800)
    expect(report.metrics.broadcast_all?.response.count).toBe(30)
    expect(report.metrics.broadcast_all?.response.max).toBeLessThan(60e6)
    expect(report.verdict.reasons.join()).not.toContain('two clocks')
    expect(report.intervals.length).toBeLessThan(40)
  })
})

/** Needs root and a kernel with time namespaces. */
function canSkewClocks(): boolean {
  try {
    execFileSync('unshare', ['--time', '--monotonic', '86400', '--fork', 'true'])
    return true
  } catch {
    return false
  }
}
