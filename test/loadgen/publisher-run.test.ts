import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { FailureTally } from '../../src/loadgen/failure-tally.ts'
import { deviceNamesOf } from '../../src/loadgen/device-names.ts'
import { PublisherRun } from '../../src/loadgen/publisher-run.ts'
import { nowUs } from '../../src/stats/clock.ts'

const PUSHES = 16
const ANSWER_MS = 60
let server: Server

afterEach(() => server.close())

/** Answers one push after the other, each in its time. */
async function slowNode(): Promise<string> {
  server = createServer((request, response) => {
    let owed = 0
    request.on('data', (chunk: Buffer) => (owed += chunk.toString().split('\n').length - 1))
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    let answered = 0
    const timer = setInterval(() => {
      if (answered < owed) response.write(`{"accepted":1,"line":${++answered}}\n`)
      if (answered < PUSHES) return
      clearInterval(timer)
      response.end()
    }, ANSWER_MS)
    response.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What was missing at the end of a run that sends all its pushes at once. */
async function unansweredWith(answersExtraMs: number): Promise<string[]> {
  const startUs = nowUs()
  const stage = { startUs, measureFromUs: startUs, endUs: startUs + 16_000 }
  const setup = {
    ...{ url: await slowNode(), way: null, adminToken: null, kinds: ['unicast' as const] },
    ...{ runId: 1, devices: deviceNamesOf(1, 1), connections: 1, messageBytes: 64 },
    ...{ qos: 1 as const, seed: 1, answersLimitMs: 400, answersExtraMs },
  }
  const failures = new FailureTally()
  const arrivals = { kind: 'counted' as const, total: PUSHES, eventsPerSecond: 1_000 }
  const order = {
    ...{ kind: 'unicast' as const, arrivals, failedConnections: new Uint32Array(0) },
    ...{ numbers: new Uint32Array(1), roomNumbers: new Uint32Array(0), onBroken() {} },
    stage: { ...stage, arrivals, broadcasts: null, turnover: null, connections: 1 },
  }
  const run = new PublisherRun(setup, order, failures, null)
  await Promise.all([run.publish(), run.answered()])
  return failures.rows().map(({ cause }) => cause)
}

it('waits for late answers to stored pushes for as long as more of them come', async () => {
  expect(await unansweredWith(60_000)).toEqual([])
})

it('gives up what is not answered within the limit where it has no more time', async () => {
  expect(await unansweredWith(0)).toEqual(['unanswered'])
})
