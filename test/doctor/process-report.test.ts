import { describe, expect, it } from 'vitest'
import { known } from '../../src/doctor/fact.ts'
import type { Facts } from '../../src/doctor/facts.ts'
import type { ProcessSockets, QueuedSocket } from '../../src/doctor/facts-sample.ts'
import { parsePrometheusText } from '../../src/doctor/parsers/prometheus-text.ts'
import { reportsOfProcesses } from '../../src/doctor/process-report.ts'
import { textOfMetrics, textOfProcess } from '../../src/doctor/process-text.ts'
import { metricsPages } from '../../src/doctor/runtimes/read-runtime.ts'
import { factsWith, processSampleWith, processWith } from './facts-builder.ts'
import { listenersFact, listenerWith } from './socket-rows.ts'

const PLAIN = { columns: 80, dim: (text: string) => text, alarm: (text: string) => `!${text}!` }

function queued(peer: string, unsentBytes: number, unreadBytes = 0): QueuedSocket {
  return { local: '10.0.0.1:8080', peer, state: 'ESTAB', unsentBytes, unreadBytes }
}

function moment(rssBytes: number, ticks: number, sockets: readonly QueuedSocket[], drops: number) {
  const socketsOf: ProcessSockets = {
    scope: 'process',
    partial: false,
    byState: { ESTAB: 18_000, 'CLOSE-WAIT': 3 },
    queued: sockets,
  }
  return {
    ...listenersFact(listenerWith({ queued: 2, backlog: 511, drops })),
    uptimeSeconds: known(1_000, '/proc/uptime'),
    processes: {
      4321: processSampleWith({
        rssBytes: known(rssBytes, 'test'),
        fdCount: known({ count: 18_234, exact: true }, 'test'),
        threads: known([{ tid: 9, name: 'node', cpuTicks: ticks, lastCpu: 1, startTicks: 0 }], 't'),
        sockets: known(socketsOf, 'ss -Htanp'),
      }),
    },
  }
}

function factsOf(changes: Partial<Pick<Facts, 'sampling' | 'windowMs'>> = {}): Facts {
  const limits = known({ 'Max open files': { soft: 20_000, hard: 20_000 } }, '/proc/4321/limits')
  return factsWith({
    before: moment(300e6, 0, [queued('a:1', 900), queued('b:1', 500), queued('c:1', 0, 7)], 3),
    after: moment(310e6, 490, [queued('a:1', 900), queued('b:1', 400), queued('c:1', 0, 9)], 5),
    rest: { processes: [processWith({ limits, chosenBy: '--port 8080' })], ...changes },
  })
}

describe('the report of a process', () => {
  it('says how near its limits it is and what does not drain', () => {
    const [report] = reportsOfProcesses(factsOf())
    expect(textOfProcess(report!, PLAIN)).toMatchInlineSnapshot(`
      "node (pid 4321), --port 8080
        descriptors !18,234 of 20,000 (91 %)!
        memory      310 MB, +2 MB/s
        CPU         98 % of one CPU in 1 thread
                    !98 % node (9) on CPU 1!
        sockets     18,000 ESTAB, 3 CLOSE-WAIT
        stuck       !1 socket with 900 B unsent that did not drain; most 10.0.0.1:8080
                    → a:1: 900 B!
                    !1 socket with 9 B unread that did not drain; most 10.0.0.1:8080 →
                    c:1: 9 B!
        listens     !0.0.0.0:8080: 2 of 511 waiting, 5 dropped, 2 of them now!"
    `)
  })

  it('tells no slope and nothing stuck from one sample', () => {
    const [report] = reportsOfProcesses(factsOf({ sampling: 'single', windowMs: 0 }))
    expect(report?.memory).toMatchObject({ value: { bytesPerSecond: null } })
    expect(report?.stuck).toMatchObject({ known: false, reason: 'needs two samples' })
  })

  it('says why it knows nothing', () => {
    const [report] = reportsOfProcesses(factsWith({ rest: { processes: [processWith()] } }))
    expect(textOfProcess(report!, PLAIN)).toContain(
      'memory      unknown: the process was not sampled',
    )
  })
})

describe('the report of a page of metrics', () => {
  it('paints a pause that a device would see', () => {
    const page = (text: string) => ({
      metrics: { 'http://x/metrics': known(parsePrometheusText(text)!, 'http://x/metrics') },
    })
    const jvm = (count: number, seconds: number) => `
jvm_gc_pause_seconds_count{action="end of major GC"} ${count}
jvm_gc_pause_seconds_sum{action="end of major GC"} ${seconds}
jvm_gc_pause_seconds_max{action="end of major GC"} 0.8
go_goroutines 7`
    const facts = factsWith({ before: page(jvm(1, 1)), after: page(jvm(6, 3)) })
    const [only] = metricsPages(facts)
    expect(textOfMetrics(only!, PLAIN)).toMatchInlineSnapshot(`
      "http://x/metrics
        runtime     JVM
        collector   !end of major GC, 1.0 pauses/s, 40 % of the time, 800 ms at most!
        runtime     Go
        goroutines  7"
    `)
  })

  it('says so where the page is of nothing it knows', () => {
    const table = parsePrometheusText('python_gc_objects 3')!
    const facts = factsWith({ after: { metrics: { 'http://x/': known(table, 'http://x/') } } })
    expect(textOfMetrics(metricsPages(facts)[0]!, PLAIN)).toContain(
      'unknown: has no metric of Node',
    )
  })
})
