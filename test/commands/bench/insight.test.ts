import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { MetricsSource } from '../../../src/commands/bench/insight/metrics-source.ts'
import {
  checkProcess,
  nameOfProcess,
  readProcess,
} from '../../../src/commands/bench/insight/process-source.ts'
import { placeOf, pushMetrics } from '../../../src/commands/bench/insight/push-metrics.ts'
import { WatchedSource } from '../../../src/commands/bench/insight/watched-source.ts'
import { SAMPLE_REPORT } from '../../report/sample-report.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  stops.push(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const MOMENT = {
  atMs: 0,
  phase: 'steady',
  connections: 0,
  attempted: 0,
  established: 0,
  failed: 0,
  sent: 0,
  received: 0,
} as const

describe.runIf(process.platform === 'linux')('a process of this host', () => {
  it('has memory and CPU, and those of its children with them', async () => {
    const own = readProcess(process.pid)
    expect(own?.bytes).toBeGreaterThan(1e7)
    expect(own?.cpuUs).toBeGreaterThan(0)
    const script = "console.log('up'); setInterval(() => {}, 1e6)"
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    const child = spawn(process.execPath, ['-e', script], { stdio: [...stdio] })
    stops.push(() => child.kill('SIGKILL'))
    await once(child.stdout as NodeJS.EventEmitter, 'data')
    const alone = readProcess(child.pid ?? 0)?.bytes ?? 0
    expect(alone).toBeGreaterThan(1e7)
    const family = readProcess(process.pid)?.bytes ?? 0
    expect(family).toBeGreaterThan(process.memoryUsage.rss() / 2 + alone)
  }, 10_000)

  it('that is not there is refused by number', () => {
    expect(() => checkProcess(0x7fff_fff0)).toThrow(/--target-pid must name a process here, got/)
    expect(nameOfProcess(0x7fff_fff0)).toBeNull()
    expect(readProcess(0x7fff_fff0)).toBeNull()
  })

  it('that ends is a failed reading', async () => {
    const source = WatchedSource.ofProcess(() => 0x7fff_fff0)
    await source.look(MOMENT, 0)
    expect(source.report()).toMatchObject({
      readings: 0,
      failed: 1,
      failure: 'the process is gone',
    })
  })
})

describe('a page of metrics', () => {
  it('of Go gives memory, CPU and its pauses in their window', async () => {
    let reads = 0
    const url = await served((_, response) => {
      reads += 1
      response.end(goPage({ pauses: 10 + reads, seconds: reads * 0.05, cpu: reads, bytes: 5e7 }))
    })
    const source = WatchedSource.ofMetrics(url)
    await source.look(MOMENT, 0)
    await source.look({ ...MOMENT, atMs: 1_000 }, 0)
    const report = source.report()
    expect(report).toMatchObject({ runtime: 'Go', readings: 2, memory_bytes: { last: 5e7 } })
    expect(report.points.map(([, , , percent]) => percent)).toEqual([null, 100])
    expect(source.pauses()?.kinds[0].longest).toEqual([{ at_ms: 0, us: 50_000, within_ms: 1_000 }])
  })

  it('of a JVM gives its heap where it tells no resident memory', async () => {
    const url = await served((_, response) => {
      response.end(
        'jvm_memory_used_bytes{area="heap"} 100\njvm_memory_used_bytes{area="nonheap"} 7\n',
      )
    })
    const metrics = new MetricsSource(url)
    expect(await metrics.read(0)).toEqual({ bytes: 107, cpuUs: null })
    expect(metrics).toMatchObject({ runtime: 'JVM', memoryOf: 'heap' })
  })

  it('whose counter begins anew goes on where it was', async () => {
    const cpu = [5, 7, 1]
    const url = await served((_, response) => {
      response.end(`process_cpu_seconds_total ${cpu.shift()}\n`)
    })
    const source = WatchedSource.ofMetrics(url)
    for (const atMs of [0, 1_000, 2_000]) await source.look({ ...MOMENT, atMs }, 0)
    expect(source.points.points.map(({ cpuUs }) => cpuUs)).toEqual([0, 2e6, 3e6])
  })

  it.each([
    ['answers with an error', 404, 'no', /status 404/],
    ['leads elsewhere', 302, '', /status 302/],
    ['is no metrics', 200, '<html>', /is no page of Prometheus metrics/],
    ['has no end', 200, 'a 1\n'.repeat(2_000_000), /is longer than/],
  ])('that %s is a failed reading', async (_, status, body, reason) => {
    const url = await served((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body)
    })
    const source = WatchedSource.ofMetrics(url)
    await source.look(MOMENT, 0)
    expect(source.report().failure).toMatch(reason)
    expect(source.report().readings).toBe(0)
  })

  it('of numbers that are none gives none', async () => {
    const url = await served((_, response) => {
      response.end('process_cpu_seconds_total NaN\nprocess_resident_memory_bytes +Inf\nx 1\n')
    })
    const source = WatchedSource.ofMetrics(url)
    await source.look(MOMENT, 0)
    expect(source.report()).toMatchObject({ readings: 1, memory_bytes: null, cpu_percent: null })
  })
})

describe('results for a Pushgateway', () => {
  it('replace those of the last run of the mode', async () => {
    const seen: string[] = []
    const url = await served(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`)
      seen.push(Buffer.concat(chunks).toString().split('\n')[0])
      response.writeHead(200).end()
    })
    const report = { ...SAMPLE_REPORT, mode: 'echo' }
    expect(await pushMetrics(url.replace('//', '//me:se%20cret@'), report)).toBeNull()
    expect(seen).toEqual([
      'PUT /metrics/job/pushctl_bench/mode/echo Basic bWU6c2UgY3JldA==',
      '# HELP pushctl_bench_verdict Whether the numbers of the run count: 1 for the verdict it has.',
    ])
  })

  it('keep a grouping of the user’s own', () => {
    const own = 'http://g:9091/metrics/job/mine/instance/a'
    expect(placeOf(own, 'echo').href).toBe(own)
    expect(placeOf('http://g:9091/base/', 'echo').pathname).toBe(
      '/base/metrics/job/pushctl_bench/mode/echo',
    )
  })

  it('that are not taken are a line without the password', async () => {
    const url = await served((_, response) => response.writeHead(400).end('bad\u001b[2J metric'))
    const line = await pushMetrics(url.replace('//', '//me:secret@'), SAMPLE_REPORT)
    expect(line).toMatch(/^the metrics were not taken by http:.*: status 400, "bad \[2J metric"$/)
    expect(line).not.toContain('secret')
    expect(await pushMetrics('http://127.0.0.1:9', SAMPLE_REPORT)).toMatch(/could not be pushed/)
  })
})

function goPage(of: { pauses: number; seconds: number; cpu: number; bytes: number }): string {
  return [
    'go_goroutines 12',
    `go_gc_duration_seconds{quantile="1"} 0.04`,
    `go_gc_duration_seconds_sum ${of.seconds}`,
    `go_gc_duration_seconds_count ${of.pauses}`,
    `process_cpu_seconds_total ${of.cpu}`,
    `process_resident_memory_bytes ${of.bytes}`,
    '',
  ].join('\n')
}
