import { describe, expect, it } from 'vitest'
import { htmlReport } from '../../../src/report/html/html-report.ts'
import { textReport } from '../../../src/report/text-report.ts'
import type { GeneratorReport } from '../../../src/stats/generator-report.ts'
import { badClientsOf, SAMPLE_REPORT } from '../sample-report.ts'
import { pageRows } from './page-rows.ts'

const ASSETS = { script: 'drawAll()', style: 'b{color:red}' }
const ATTACK = '<script>alert(1)</script>\u001b[2J'
const HOST: GeneratorReport = {
  host: 'ssh://one',
  hostname: 'one',
  failure: null,
  sends_broadcasts: true,
  connections: { requested: 25_000, established: 24_990, alive_at_end: 24_990 },
  sent: 500_000,
  received: 499_999,
  lost: 1,
  p99_us: 30_100,
  verdict: 'VALID',
  clock_error_us: 120,
  latencies_refused: 0,
}
const UNSURE = { ...HOST, host: 'two', sends_broadcasts: false, p99_us: null, clock_error_us: null }
const LOST = { ...HOST, host: 'three', sends_broadcasts: false, failure: 'status 255: refused' }
const ABSENT = { ...LOST, host: ATTACK, connections: { ...HOST.connections, requested: 0 } }
const WITH_BOTH = {
  ...SAMPLE_REPORT,
  bad_clients: badClientsOf(900, { 'bye 4102 too-slow': [100] }),
  generators: [HOST, { ...UNSURE, verdict: null }, LOST, ABSENT],
}

const page = htmlReport(WITH_BOTH, ASSETS)
const text = textReport(WITH_BOTH, { width: 120, color: false })

describe('the hosts of a run', () => {
  it('have a row each on the page, the lost and the absent with the reason', () => {
    expect(pageRows(page, 'Driven from')).toMatchInlineSnapshot(`
      [
        [
          "host",
          "connections",
          "sent",
          "received",
          "lost",
          "p99",
          "clock ±",
          "verdict",
        ],
        [
          "ssh://one  sends the broadcasts",
          "24,990",
          "500,000",
          "499,999",
          "1",
          "30.1 ms",
          "120 µs",
          "VALID",
        ],
        [
          "two",
          "24,990",
          "500,000",
          "499,999",
          "1",
          "unknown",
          "unknown",
          "unknown",
        ],
        [
          "three",
          "lost, with 25,000 connections:
      status 255: refused",
        ],
        [
          "&lt;script&gt;alert(1)&lt;/script&gt;",
          "took no part:
      status 255: refused",
        ],
      ]
    `)
    expect(page).not.toContain('<script>alert')
    expect(page).not.toContain('\u001b')
  })

  it('have the same rows in the text', () => {
    const from = text.slice(text.indexOf('Driven from'), text.indexOf('Doctor')).trimEnd()
    expect(from).toMatchInlineSnapshot(`
      "Driven from
        host         connections     sent  received  lost      p99  clock ±  verdict
        ssh://one *       24,990  500,000   499,999     1  30.1 ms   120 µs  VALID
        two               24,990  500,000   499,999     1  unknown  unknown  unknown
        three: lost, with 25,000 connections: status 255: refused
        <script>alert(1)</script>: took no part: status 255: refused"
    `)
  })

  it('stand below failures and bad clients, and above what doctor says', () => {
    const titles = ['Failures', 'Bad clients', 'Driven from', 'Doctor']
    for (const report of [page, text]) {
      const places = titles.map((title) => report.search(new RegExp(`^${title}$|>${title}<`, 'm')))
      expect(places.every((place) => place >= 0)).toBe(true)
      expect(places.toSorted((one, other) => one - other)).toEqual(places)
    }
  })

  it('are left out of a run that was driven from here', () => {
    expect(htmlReport(SAMPLE_REPORT, ASSETS)).not.toContain('Driven from')
  })
})
