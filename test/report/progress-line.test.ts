import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainProgressLine, progressLine, ProgressPrinter } from '../../src/report/progress-line.ts'
import type { RunProgress } from '../../src/stats/run-progress.ts'
import { visibleWidth } from '../../src/report/table.ts'

const SAMPLE: RunProgress = {
  phase: 'steady',
  elapsedMs: 12_300,
  totalMs: 30_000,
  connections: 20_512,
  connectionsTarget: 50_000,
  sentPerSecond: 10_250,
  receivedPerSecond: 10_248,
  p50: 812,
  p99: 8_400,
  verdict: 'SUSPECT',
}
const EMPTY: RunProgress = {
  phase: 'connect',
  elapsedMs: 0,
  totalMs: null,
  connections: 0,
  connectionsTarget: 0,
  sentPerSecond: 0,
  receivedPerSecond: 0,
  p50: null,
  p99: null,
}

function fakeStream(isTTY: boolean, columns = 80) {
  const written: string[] = []
  return { written, isTTY, columns, write: (text: string) => written.push(text) }
}

test('the line says the same with less, the narrower it gets', () => {
  const lines = [140, 100, 80, 60, 20].map((width) => progressLine(SAMPLE, width))
  lines.push(progressLine(EMPTY, 80), plainProgressLine(SAMPLE), plainProgressLine(EMPTY))
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "steady  ━━━━━─────────  12s of 30s  20,512/50,000 connections  p99 8.4 ms  sent 10.3k/s  received 10.2k/s  p50 812 µs  SUSPECT
    steady  ━━━━──────  12s of 30s  20,512/50,000 connections  p99 8.4 ms  sent 10.3k/s
    steady  ━━━─────  12s of 30s  20,512/50,000 connections  p99 8.4 ms
    steady  ━━────  12s of 30s  20,512/50,000 connections
    steady  ──  12s of …
    connect  0s  0/0 connections  sent 0/s  received 0/s
    steady  12s of 30s  20,512/50,000 connections  p99 8.4 ms  sent 10.3k/s  received 10.2k/s  p50 812 µs  SUSPECT
    connect  0s  0/0 connections  sent 0/s  received 0/s"
  `)
})

test('no line is wider than the terminal', () => {
  const samples = fc.record({
    phase: fc.constantFrom('start', 'connect', 'warm-up', 'steady', 'drain'),
    elapsedMs: fc.nat(),
    totalMs: fc.option(fc.nat()),
    connections: fc.nat(),
    connectionsTarget: fc.nat(),
    sentPerSecond: fc.nat(),
    receivedPerSecond: fc.nat(),
    p50: fc.option(fc.nat()),
    p99: fc.option(fc.nat()),
  })
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 200 }), (sample, width) => {
      expect(visibleWidth(progressLine(sample, width))).toBeLessThanOrEqual(width)
    }),
  )
})

test('a terminal has its line rewritten in place and removed at the end', () => {
  const stream = fakeStream(true)
  const printer = new ProgressPrinter(stream)
  printer.update(SAMPLE)
  printer.update({ ...SAMPLE, elapsedMs: 12_400 })
  printer.stop()
  printer.stop()
  expect(stream.written).toHaveLength(3)
  for (const text of stream.written) expect(text).toMatch(/^\r\u001b\[K[^\n]*$/)
  expect(stream.written.at(-1)).toBe('\r\u001b[K')
})

test('a pipe gets one whole line for every five seconds, and no control characters', () => {
  const stream = fakeStream(false)
  const printer = new ProgressPrinter(stream)
  for (let elapsedMs = 0; elapsedMs <= 12_000; elapsedMs += 200) {
    printer.update({ ...SAMPLE, elapsedMs })
  }
  printer.update({ ...SAMPLE, elapsedMs: 31_000 })
  printer.stop()
  expect(stream.written.map((line) => /(\d+s) of/.exec(line)?.[1])).toEqual(['5s', '10s', '31s'])
  for (const line of stream.written) expect(line).toMatch(/^[^\u0000-\u001f]+\n$/)
})

test('a new phase with a clock of its own gets lines again', () => {
  const stream = fakeStream(false)
  const printer = new ProgressPrinter(stream)
  printer.update({ ...SAMPLE, phase: 'connect', elapsedMs: 40_000 })
  printer.update({ ...SAMPLE, phase: 'steady', elapsedMs: 100 })
  printer.update({ ...SAMPLE, phase: 'steady', elapsedMs: 5_100 })
  expect(stream.written.map((line) => line.split(' ')[0])).toEqual(['connect', 'steady'])
})

test('quiet is quiet', () => {
  const stream = fakeStream(true)
  const printer = new ProgressPrinter(stream, { quiet: true })
  printer.update(SAMPLE)
  printer.stop()
  expect(stream.written).toEqual([])
})
