import { describe, expect, it } from 'vitest'
import { PushPeer } from '../loadgen/push-peer.ts'
import { bench } from './bench-process.ts'

/** A busy machine may starve the generator; then the run says so (5), but counts all the same. */
const DONE = [0, 5]

describe('pushctl bench --mode churn', () => {
  it.each(['exponential', 'constant'] as const)(
    'replaces connections of %s lifetime and loses none',
    async (lifetime) => {
      const { status, report } = await bench([
        ...['--mode', 'churn', '-c', '300', '--churn', '200', '--lifetime', lifetime],
        ...['-d', '2s', '--warmup', '0s', '--seed', '4'],
      ])
      expect(DONE).toContain(status)
      const { attempted, established, failed, alive_at_end, failures } = report.connections
      // 60 a second are due; one whose turn comes while it is on its way back is left alone.
      const replaced = attempted - 300
      expect(replaced).toBeGreaterThan(60)
      expect(replaced).toBeLessThan(190)
      expect([established, failed, alive_at_end]).toEqual([attempted, 0, 300])
      expect(failures).toEqual([])
      expect(report.messages).toMatchObject({ planned: 0, expected: 0, lost: 0 })
      const { connect_time, upgrade_time, handshake_time, reconnect_time } = report.metrics
      for (const metric of [connect_time, handshake_time, reconnect_time]) {
        expect(metric?.response.count).toBe(replaced)
      }
      // Half of them speak WebSocket.
      expect(upgrade_time?.response.count).toBeGreaterThan(0)
      expect(upgrade_time?.response.count).toBeLessThan(replaced)
      expect(report.host.peaks['time_wait']).toBeGreaterThanOrEqual(0)
    },
  )
})

describe('pushctl bench --mode storm', () => {
  it('kills its node and sees all devices come back', { timeout: 40_000 }, async () => {
    const { status, report } = await bench(['--mode', 'storm', '-c', '300', '-d', '12s'])
    expect(DONE).toContain(status)
    const { attempted, established, failed, alive_at_end, failures } = report.connections
    expect([established, alive_at_end]).toEqual([600, 300])
    expect(attempted).toBe(600 + failed)
    expect(report.metrics.reconnect_time?.response.count).toBe(300)
    const lost = failures.filter(({ phase }) => phase === 'idle')
    expect(lost.reduce((sum, { count }) => sum + count, 0)).toBe(300)
  })

  it('kills a node of several processes, each with ports of its own', async () => {
    const words = ['--mode', 'storm', '-c', '60', '--processes', '2', '-d', '6s']
    const { report } = await bench(words)
    const { established, alive_at_end } = report.connections
    // Those whose back-off has grown past the end are still away.
    expect(alive_at_end).toBeGreaterThan(20)
    expect(established).toBe(60 + alive_at_end)
    expect(report.metrics.reconnect_time?.response.count).toBe(alive_at_end)
  })

  it('drops all connections to a target that is not its own', async () => {
    const peer = await PushPeer.start()
    const words = ['--mode', 'storm', '-c', '50', '-d', '4s', '--warmup', '0s']
    const { status, report } = await bench([peer.url, ...words])
    await peer.stop()
    expect(DONE).toContain(status)
    expect(report.connections).toMatchObject({
      attempted: 100,
      established: 100,
      failed: 0,
      alive_at_end: 50,
      failures: [],
    })
    expect(report.metrics.reconnect_time?.response.count).toBe(50)
    expect(new Set(peer.deviceIds).size).toBe(50)
  })
})
