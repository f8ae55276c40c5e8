import { expect, it } from 'vitest'
import { htmlReport } from '../../../src/report/html/html-report.ts'
import { badClientsOf, SAMPLE_REPORT } from '../sample-report.ts'
import { pageRows } from './page-rows.ts'

const ASSETS = { script: 'drawAll()', style: 'b{color:red}' }
const ATTACK = '<script>alert(1)</script>\u001b[2J'

it('has a row for each kind of bad clients, with every end as text', () => {
  const bad_clients = badClientsOf(900, {
    'bye 4102 too-slow': [100, 200, 300],
    [ATTACK]: [40],
    ...{ ECONNRESET: [1], EPIPE: [2], 'peer-end': [3] },
  })
  const page = htmlReport({ ...SAMPLE_REPORT, bad_clients }, ASSETS)
  expect(pageRows(page, 'Bad clients')).toMatchInlineSnapshot(`
    [
      [
        "kind",
        "clients",
        "connected",
        "received",
        "cut",
        "alive at end",
        "ends",
      ],
      [
        "slow-reader",
        "50",
        "60",
        "5,000",
        "7",
        "49",
        "3 × bye 4102 too-slow after 200 ms  1 × &lt;script&gt;alert(1)&lt;/script&gt; after 40 ms  1 × ECONNRESET after 1 ms  1 × EPIPE after 2 ms  1 × peer-end after 3 ms",
      ],
      [
        "dropper",
        "50",
        "60",
        "5,000",
        "0",
        "49",
        "3 vanished, 2 came back",
      ],
    ]
  `)
  expect(page).not.toContain('the node ended')
  const ended_by_node = { 'too-slow': 1_200, [ATTACK]: 1 }
  const told = htmlReport(
    { ...SAMPLE_REPORT, bad_clients: { ...bad_clients, ended_by_node } },
    ASSETS,
  )
  expect(told).toContain('<p>the node ended 1,200 × too-slow, 1 × &lt;script&gt;alert(1)')
  expect(page).not.toContain('<script>alert')
  expect(page).not.toContain('\u001b')
  expect(htmlReport(SAMPLE_REPORT, ASSETS)).not.toContain('Bad clients')
})
