import { describe, expect, it } from 'vitest'
import {
  bytesPerConnection,
  bytesPerHour,
  cpuCosts,
  cpuSpan,
  reportedPoints,
} from '../../../../src/commands/bench/insight/process-costs.ts'
import {
  type WatchPoint,
  WatchPoints,
} from '../../../../src/commands/bench/insight/watch-points.ts'

const MIB = 1024 * 1024

/** A second at rest, a ramp of 10,000 in 10 s, then 40 s of 2,000 messages a second. */
function runOf(price: { bytes: number; connect: number; message: number; restUsPerMs: number }) {
  const points: WatchPoint[] = []
  for (let atMs = 0; atMs <= 51_000; atMs += 250) {
    const connections = Math.min(10_000, Math.max(0, atMs - 1_000))
    const received = Math.max(0, atMs - 11_000) * 2
    const cpuUs = atMs * price.restUsPerMs + connections * price.connect + received * price.message
    points.push({
      atMs,
      phase: atMs < 1_000 ? 'start' : atMs <= 11_000 ? 'connect' : 'steady',
      connections,
      attempted: connections,
      established: connections,
      failed: 0,
      sent: received,
      received,
      bytes: 80 * MIB + connections * price.bytes,
      cpuUs,
      generatorBytes: 100 * MIB + atMs,
    })
  }
  return points
}

describe('what a run costs a process', () => {
  const points = runOf({ bytes: 4_321, connect: 55, message: 14.5, restUsPerMs: 8 })

  it('is told apart into memory per connection', () => {
    const fit = bytesPerConnection(points)
    expect(fit?.value).toBeCloseTo(4_321, 0)
    expect(fit?.error).toBeLessThan(1)
  })

  it('is told apart into CPU per message and per connect, without that at rest', () => {
    const { perMessage, perConnect, perConnectionSecond } = cpuCosts(points)
    expect(perMessage?.value).toBeCloseTo(14.5, 2)
    expect(perConnect?.value).toBeCloseTo(55, 2)
    expect(perConnectionSecond).toBeNull()
  })

  it('is within its error where the kernel counts in hundredths of a second', () => {
    const ticks = points.map((point) => {
      return { ...point, cpuUs: Math.floor((point.cpuUs ?? 0) / 10_000) * 10_000 }
    })
    const { perMessage } = cpuCosts(ticks)
    expect(Math.abs(perMessage!.value - 14.5)).toBeLessThanOrEqual(Math.max(0.2, perMessage!.error))
  })

  it('without messages is a price of held connections', () => {
    const idle = points.map((point) => ({
      ...point,
      received: 0,
      cpuUs: point.established * 40 + (point.atMs > 11_000 ? (point.atMs - 11_000) * 10 * 2 : 0),
    }))
    const { perMessage, perConnectionSecond } = cpuCosts(idle)
    expect(perMessage).toBeNull()
    expect(perConnectionSecond?.value).toBeGreaterThan(0)
  })

  it('has a share of a core at rest and in its busiest second', () => {
    expect(cpuSpan(points)).toMatchObject({ idle: 0.8, highest: 6.3 })
  })

  it('grows by what it grows in an hour', () => {
    expect(bytesPerHour(points, ({ bytes }) => bytes)?.value).toBeCloseTo(0, 0)
    const growth = bytesPerHour(points, ({ generatorBytes }) => generatorBytes)
    expect(growth?.value).toBeCloseTo(3_600_000, 0)
  })

  it('says nothing of a load that stood for ten seconds, and leaves out what settles', () => {
    const short = points.filter(({ atMs }) => atMs < 21_000)
    expect(bytesPerHour(short, ({ bytes }) => bytes)).toBeNull()
    const settling = (point: WatchPoint): number => Math.min(20_000, point.atMs) * 1_000
    expect(bytesPerHour(points, settling)?.value).toBe(0)
  })

  it('says nothing of a handful of connections', () => {
    const few = points.map((point) => ({ ...point, connections: Math.min(9, point.connections) }))
    expect(bytesPerConnection(few)).toBeNull()
  })

  it('is drawn from at most 300 points, the last one among them', () => {
    const many = Array.from({ length: 4_001 }, (_, at) => ({ ...points[0], atMs: at }))
    const drawn = reportedPoints(many)
    expect(drawn.length).toBeLessThanOrEqual(300)
    expect(drawn.at(-1)?.[0]).toBe(4_000)
  })
})

describe('the points of a day', () => {
  it('stay bounded, with the first and the last', () => {
    const kept = new WatchPoints(64)
    const [point] = runOf({ bytes: 1, connect: 1, message: 1, restUsPerMs: 1 })
    for (let second = 0; second < 86_400; second++) kept.add({ ...point, atMs: second * 1000 })
    expect(kept.points.length).toBeLessThanOrEqual(65)
    expect(kept.points[0].atMs).toBe(0)
    expect(kept.points.at(-1)?.atMs).toBe(86_399_000)
    expect(kept.count).toBe(86_400)
  })
})
