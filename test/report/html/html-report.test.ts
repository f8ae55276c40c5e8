import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { htmlReport } from '../../../src/report/html/html-report.ts'
import { longReport } from '../long-report.ts'
import { SAMPLE_CLUSTER } from '../sample-cluster.ts'
import { distributionOf, SAMPLE_REPORT } from '../sample-report.ts'

const ASSETS = { script: 'drawAll()', style: 'b{color:red}' }
const ATTACK = '"><script>alert(1)</script><!--\u001b[2J'

function digestOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

describe('the page', () => {
  it('allows its own script and style by digest, and no request at all', () => {
    const page = htmlReport(SAMPLE_REPORT, ASSETS)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]
    expect(policy).toBe(
      `default-src 'none'; script-src ${digestOf(ASSETS.script)}; ` +
        `style-src ${digestOf(ASSETS.style)}; base-uri 'none'; form-action 'none'`,
    )
    expect(page).toContain(`<script>${ASSETS.script}</script>`)
    expect(page).not.toMatch(/\ssrc=|\shref=|\sstyle=|\son\w+=/)
  })

  it('shows what a target sent as text, wherever it stands', () => {
    const [failure] = SAMPLE_REPORT.connections.failures
    const [host] = SAMPLE_REPORT.hosts
    const page = htmlReport(
      {
        ...SAMPLE_REPORT,
        mode: ATTACK,
        engine: ATTACK,
        targets: [ATTACK],
        verdict: { value: 'SUSPECT', reasons: [ATTACK] },
        connections: {
          ...SAMPLE_REPORT.connections,
          failures: [{ ...failure!, phase: ATTACK, cause: ATTACK, source: ATTACK, sample: ATTACK }],
        },
        thresholds: [{ expression: ATTACK, observed: 1, limit: 1, held: true }],
        environment: { [ATTACK]: ATTACK },
        plan: { headline: ATTACK, warnings: [ATTACK], deep: { [ATTACK]: [ATTACK] } },
        gc: {
          generator: {
            known: true,
            kinds: [
              {
                kind: ATTACK,
                pauses: SAMPLE_REPORT.gc.generator.kinds[0]!.pauses,
                longest: [{ at_ms: 1, us: 5_000 }],
              },
            ],
            loop_lag: null,
          },
          target: SAMPLE_REPORT.gc.target,
        },
        hosts: [
          {
            ...host!,
            host: ATTACK,
            findings: host!.findings.map((finding) => ({
              ...finding,
              observed: ATTACK,
              id: ATTACK,
            })),
          },
        ],
      },
      ASSETS,
    )
    const scripts = [...page.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)
    expect(scripts).toEqual(['<script type="application/json" id="series">', '<script>'])
    expect(page).not.toContain('<!--')
    expect(page).not.toContain('\u001b')
    const series = /id="series">(.*?)<\/script>/s.exec(page)![1]!
    expect(JSON.parse(series).pauses).toEqual([
      { side: 'generator', kind: ATTACK, seconds: 0.001, us: 5_000 },
    ])
  })

  it('begins with the verdict, then the thresholds, and has all its sections', () => {
    const page = htmlReport(longReport(7_200), ASSETS)
    const text = page
      .replace(/<script.*?<\/script>|<style.*?<\/style>/gs, '')
      .replace(/<[^>]*>/g, ' ')
    const words = ['SUSPECT', 'loop lag p99 was 12 ms', '✗ crossed', 'connections established']
    const titles = ['Latency', 'Over time', '2 of 2 spikes over', 'Connecting', 'ECONNREFUSED']
    const rest = ['Pauses', 'Host and memory', 'Doctor', 'Accept queue overflows', 'Plan']
    const places = [...words, ...titles, ...rest, 'Environment'].map((word) => text.indexOf(word))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(places.toSorted((a, b) => a - b)).toEqual(places)
  })

  it('says that a killed run is partial, and that a short one has no picture', () => {
    const page = htmlReport({ ...SAMPLE_REPORT, interrupted: true, partial: true }, ASSETS)
    expect(page).toContain('<h1>SUSPECT, partial: the run was killed</h1>')
    expect(page).toContain('The run was too short for a picture over time.')
  })

  it('has a row and a point for each stage, and what the search found', () => {
    const { verdict, connections, messages, metrics, thresholds } = SAMPLE_REPORT
    const stage = (rate_wanted: number, outcome: 'passed' | 'failed') => ({
      ...{ at_ms: 1_000, duration_ms: 5_000, connections_wanted: 100, rate_wanted, outcome },
      ...{ verdict, connections, messages, metrics, thresholds },
    })
    const stages = [stage(1_000, 'passed'), stage(4_000, 'failed')]
    const found = { of: 'rate', passed: 1_000, failed: 4_000, limit: 'target' } as const
    const search = { ...found, confirmed: true }
    const page = htmlReport({ ...SAMPLE_REPORT, stages, search }, ASSETS)
    expect(page).toContain(
      '<b>1,000/s</b> held every threshold, held again for the whole duration; ' +
        'more than that the target did not hold.',
    )
    expect(page.match(/<tr class="stage /g)).toHaveLength(2)
    const series = JSON.parse(/id="series">(.*?)<\/script>/s.exec(page)![1]!)
    const { p50, p99 } = metrics.push_latency!.response
    expect(series.stages).toEqual([
      { connections: 100, perSecond: 1_000, p50, p99 },
      { connections: 100, perSecond: 4_000, p50, p99 },
    ])
    const none = htmlReport(
      { ...SAMPLE_REPORT, stages, search: { ...search, passed: null } },
      ASSETS,
    )
    expect(none).toContain('No load held every threshold, not even 4,000/s.')
    expect(htmlReport(SAMPLE_REPORT, ASSETS)).not.toContain('<h2>Stages</h2>')
  })

  it('has the nodes of a cluster, what was done to it, and what the plots need', () => {
    const { unavailability: _, ...metrics } = SAMPLE_REPORT.metrics
    const absent = distributionOf(20_000, 21_000, 90_000)
    const cluster = {
      ...SAMPLE_CLUSTER,
      events: [{ at_ms: 4_040, what: ATTACK, node: ATTACK, failure: ATTACK }],
    }
    const withCluster = {
      ...SAMPLE_REPORT,
      metrics: { ...metrics, unavailability: { unit: 'us', response: absent, service: absent } },
      cluster,
    } as const
    const page = htmlReport(withCluster, ASSETS)
    expect(page).toContain('1,000 devices were without service, 500 at the end; 100 moved at 50/s')
    expect(page).toContain('<td>b</td><td>west</td><td class="n">1,000</td><td class="n">0</td>')
    expect(page).not.toContain('<!--')
    const series = JSON.parse(/id="series">(.*?)<\/script>/s.exec(page)![1]!).cluster
    expect(series).toMatchObject({
      seconds: [3, 5, 6, 7],
      nodes: [
        { name: 'a', devices: [1_000, 1_000, 1_400, 1_500] },
        { name: 'b', devices: [1_000, 0, 0, 0] },
      ],
      more: 0,
      moves: SAMPLE_CLUSTER.moves_over_time,
    })
    expect(series.absence.counts.reduce((sum: number, each: number) => sum + each, 0)).toBe(3)
    expect(series.absence.edgesUs).toHaveLength(series.absence.counts.length + 1)
    expect(htmlReport(SAMPLE_REPORT, ASSETS)).not.toContain('<h2>Cluster</h2>')
  })
})
