import { afterEach, describe, expect, it, vi } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { deviceIdOf, deviceNamesOf } from '../../src/loadgen/device-names.ts'
import { SENDS_PER_TURN_MAX } from '../../src/loadgen/echo-sender.ts'
import { LoadShard } from '../../src/loadgen/load-shard.ts'
import { payloadTemplate, writeMarker } from '../../src/loadgen/marker.ts'
import type { ShardSetup, SteadyStage } from '../../src/loadgen/shard-messages.ts'
import { parseTarget } from '../../src/loadgen/target/target-address.ts'
import { nowUs } from '../../src/stats/clock.ts'
import { PushPeer, type PushPeerOptions } from './push-peer.ts'

const RUN_ID = 77
const running: { stop(): Promise<void> }[] = []

afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop()
})

async function startPeer(options: PushPeerOptions = {}): Promise<PushPeer> {
  const peer = await PushPeer.start(options)
  running.push(peer)
  return peer
}

function setupOf(url: string, connections: number, engine: 'epoll' | 'node'): ShardSetup {
  return {
    share: { connections, shard: 0, shards: 1 },
    targets: [{ ...parseTarget(url), address: '127.0.0.1' }],
    sources: [],
    engine,
    runId: RUN_ID,
    devices: deviceNamesOf(RUN_ID, connections),
    connectsPerSecond: 100_000,
    connectLanes: 1,
    messageBytes: 64,
    qos: 0,
    heartbeatSeconds: 0,
    activities: { echo: true, unicast: false, broadcast: false },
  }
}

async function connect(setup: ShardSetup): Promise<LoadShard> {
  const shard = await new Promise<LoadShard>((resolve) => {
    const started: LoadShard = new LoadShard(setup, () => resolve(started))
    started.connector.start(nowUs())
  })
  running.push({
    async stop() {
      shard.stopSending()
      await shard.close(100)
    },
  })
  return shard
}

/** A stage that is all due at once and measured from the start. */
function stageOf(messages: number): SteadyStage {
  const startUs = nowUs()
  const arrivals = { kind: 'counted', total: messages, eventsPerSecond: 0 } as const
  return {
    startUs,
    measureFromUs: startUs,
    endUs: startUs + 10e6,
    arrivals,
    broadcasts: null,
    turnover: null,
  }
}

async function eventually(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { timeout: 15_000, interval: 5 })
}

function marked(seq: number, runId = RUN_ID): Buffer {
  const payload = payloadTemplate(64)
  const now = nowUs()
  writeMarker(new DataView(payload.buffer), 0, runId, seq, now, now)
  return Buffer.from(payload)
}

const engines = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)

describe.each(engines)('a generator shard on the %s engine', (engine) => {
  it('brings all connections up, each as a device of its own', async () => {
    const peer = await startPeer()
    const setup = setupOf(peer.url, 25, engine)
    const shard = await connect(setup)
    expect([shard.established, shard.failed, shard.rows.openCount]).toEqual([25, 0, 25])
    const ids = Array.from({ length: 25 }, (_, index) => deviceIdOf(setup.devices, index))
    expect(peer.deviceIds.toSorted()).toEqual(ids)
    expect(shard.connectTime.response.count).toBe(25)
    expect(shard.handshakeTime.service.count).toBe(25)
  })

  it('gets every echo back, in order and once', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 7, engine))
    const stage = stageOf(70)
    shard.startSteady(stage)
    await eventually(() => shard.receipts.received === 70)
    const { received, duplicated, reordered } = shard.receipts
    expect({ received, duplicated, reordered }).toEqual({
      received: 70,
      duplicated: 0,
      reordered: 0,
    })
    expect(shard.echo?.counts(stage.endUs)).toMatchObject({ planned: 70, sent: 70, unsent: 0 })
  })

  it('counts its bytes as the kernel does, of connections that ended too', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 20, engine))
    shard.startSteady(stageOf(200))
    await eventually(() => shard.receipts.received === 200)
    const [first, ...others] = peer.sockets
    first.resetAndDestroy()
    others[0].end()
    await eventually(() => shard.rows.openCount === 18)
    const { engine: own, decodedBytes } = shard
    await eventually(() => shard.kernelBytes().acked === own.counters.bytesCommitted)
    expect(shard.kernelBytes().received).toBe(decodedBytes)
    expect(decodedBytes).toBeGreaterThan(200 * 64)
  })

  it('sends a part at a time when it is far behind, and counts all that is late', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 50, engine))
    const total = 3 * SENDS_PER_TURN_MAX + 1
    const stage = stageOf(total)
    const late = { ...stage, startUs: stage.startUs - 1e6, measureFromUs: stage.startUs - 1e6 }
    shard.startSteady(late)
    expect(shard.echo?.sent).toBe(SENDS_PER_TURN_MAX)
    await eventually(() => shard.receipts.received === total)
    const { planned, sent, late: sentLate } = shard.echo?.counts(late.endUs) ?? {}
    expect({ planned, sent, sentLate }).toEqual({ planned: total, sent: total, sentLate: total })
  })

  it('tells what was lost, sent twice and out of order', async () => {
    let held: Buffer | null = null
    const peer = await startPeer({
      echo(payload, nth) {
        if (nth === 2) return []
        if (nth === 4) return [payload, payload]
        if (nth === 6) {
          held = payload
          return []
        }
        return nth === 7 && held ? [payload, held] : [payload]
      },
    })
    const shard = await connect(setupOf(peer.url, 1, engine))
    shard.startSteady(stageOf(10))
    await eventually(() => shard.receipts.received === 10)
    const { duplicated, reordered } = shard.receipts
    // Of 1 … 10 came 1 3 4 4 5 7 6 8 9 10.
    expect({ duplicated, reordered }).toEqual({ duplicated: 1, reordered: 1 })
  })

  it('does not count messages of another run, or without a marker', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 2, engine))
    shard.receipts.begin(0)
    peer.push(marked(1, RUN_ID + 1))
    peer.push(Buffer.from('short'))
    peer.push(marked(1))
    await eventually(() => shard.receipts.received === 2)
    expect([shard.receipts.received, shard.receipts.foreign]).toEqual([2, 4])
  })

  it('counts connections that the target ends, by phase and cause', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 3, engine))
    for (const socket of peer.sockets) socket.end()
    await eventually(() => peer.sockets.size === 0 && shard.rows.openCount === 0)
    expect(shard.endedUs).toHaveLength(3)
    expect(shard.failures.rows()).toMatchObject([{ phase: 'idle', cause: 'peer-end', count: 3 }])
  })

  it.each([
    ['bye', 'bye 4003 unauthorized'],
    ['garbage', 'speaks HTTP, not the push protocol'],
  ] as const)('counts a target that answers HELLO with %s', async (greeting, cause) => {
    const peer = await startPeer({ greeting })
    const shard = await connect(setupOf(peer.url, 2, engine))
    expect([shard.established, shard.failed]).toEqual([0, 2])
    expect(shard.failures.rows()).toMatchObject([{ phase: 'hello', cause, count: 2 }])
    expect([...shard.failedRows.connections()]).toEqual([0, 1])
  })

  it('takes steps up and down: what stays is not touched, and each step counts from zero', async () => {
    const peer = await startPeer()
    const setup = setupOf(peer.url, 20, engine)
    const shard = await connect(setup)
    shard.startSteady(stageOf(20))
    await eventually(() => shard.receipts.received === 20)
    shard.connect(nowUs(), 8)
    expect([shard.established, shard.rows.openCount, shard.receipts.received]).toEqual([8, 8, 0])
    expect(shard.connectTime.response.count).toBe(0)
    shard.startSteady({ ...stageOf(16), connections: 8 })
    await eventually(() => shard.receipts.received === 16)
    expect([shard.receipts.duplicated, shard.receipts.reordered]).toEqual([0, 0])
    shard.connect(nowUs(), 15)
    await eventually(() => shard.rows.openCount === 15)
    expect([shard.established, shard.failed, shard.connector.attempted]).toEqual([15, 0, 15])
    expect(shard.connectTime.response.count).toBe(7)
    expect(peer.deviceIds).toHaveLength(27)
    expect(shard.failures.rows()).toEqual([])
  })

  it('counts a target that refuses', async () => {
    const peer = await PushPeer.start()
    const { url } = peer
    await peer.stop()
    const shard = await connect(setupOf(url, 4, engine))
    expect(shard.failures.rows()).toMatchObject([
      { phase: 'connect', cause: 'ECONNREFUSED', count: 4, sample: url },
    ])
  })

  it('sends what is overdue, and counts it as late', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 2, engine))
    const stage = { ...stageOf(20), startUs: nowUs() - 1e6, measureFromUs: 0 }
    shard.startSteady(stage)
    await eventually(() => shard.receipts.received === 20)
    const counts = { planned: 20, sent: 20, late: 20, unsent: 0, unsendable: 0 }
    expect(shard.echo?.counts(stage.endUs)).toEqual(counts)
    shard.receipts.takeInterval()
    expect(shard.receipts.response.summary().min).toBeGreaterThan(900_000)
    expect(shard.receipts.service.summary().min).toBeLessThan(900_000)
  })

  it('sends nothing after the end of the stage, and counts it as unsent', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 2, engine))
    const stage = { ...stageOf(20), startUs: nowUs() - 2e6, measureFromUs: 0, endUs: nowUs() - 1e6 }
    shard.startSteady(stage)
    const counts = { planned: 20, sent: 0, late: 0, unsent: 20, unsendable: 0 }
    expect(shard.echo?.counts(stage.endUs)).toEqual(counts)
  })

  it('has nowhere to send where the connection ended', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 2, engine))
    for (const socket of peer.sockets) socket.destroy()
    await eventually(() => shard.rows.openCount === 0)
    const stage = stageOf(6)
    shard.startSteady(stage)
    expect(shard.echo?.counts(nowUs())).toMatchObject({ sent: 0, unsent: 0, unsendable: 6 })
  })

  it('spreads connections evenly over the source addresses', async () => {
    const peer = await startPeer()
    const sources = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
    await connect({ ...setupOf(peer.url, 12, engine), sources })
    const seen = [...peer.sockets].map((socket) => socket.remoteAddress).toSorted()
    expect(seen).toEqual(sources.flatMap((source) => Array(4).fill(source)))
  })

  it('replaces connections one by one, and times only those', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 5, engine))
    const stage = { ...stageOf(0), arrivals: null }
    const turnover = { kind: 'churn', perSecond: 200, lifetime: 'constant', seed: 1 } as const
    shard.startSteady({ ...stage, endUs: stage.startUs + 250_000, turnover })
    const replaced = (): number => shard.connector.attempted - 5
    await eventually(() => nowUs() > stage.startUs + 300_000 && shard.rows.openCount === 5)
    const { planned, sent, unsent, unsendable } = shard.churn?.counts(nowUs()) ?? {}
    expect([planned, sent]).toEqual([50, replaced()])
    expect((sent ?? 0) + (unsent ?? 0) + (unsendable ?? 0)).toBe(50)
    expect(replaced()).toBeGreaterThan(0)
    expect([shard.established, shard.failed, shard.endedUs.length]).toEqual([5 + replaced(), 0, 0])
    for (const pair of [shard.connectTime, shard.handshakeTime, shard.reconnector?.reconnectTime]) {
      expect(pair?.response.count).toBe(replaced())
    }
    expect(new Set(peer.deviceIds).size).toBe(5)
    expect(shard.failures.rows()).toEqual([])
  })

  it('comes back with all connections after it lost all', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 20, engine))
    const stage = { ...stageOf(0), arrivals: null }
    const turnover = { kind: 'storm', atUs: 0, byGenerator: true, seed: 1 } as const
    shard.startSteady({ ...stage, turnover })
    await eventually(() => shard.reconnector?.reconnectTime.response.count === 20)
    expect([shard.rows.openCount, shard.established]).toEqual([20, 40])
    expect(shard.failures.rows()).toEqual([])
    // The first back-off is at most a second, and spread.
    const { min, p99 } = shard.reconnector?.reconnectTime.response.summary() ?? { min: 0, p99: 0 }
    expect(p99).toBeGreaterThan(min)
  })

  it('comes back from a target that ends all, by source address', async () => {
    const peer = await startPeer()
    const sources = ['127.0.0.2', '127.0.0.3']
    const shard = await connect({ ...setupOf(peer.url, 6, engine), sources })
    const turnover = { kind: 'storm', atUs: 0, byGenerator: false, seed: 1 } as const
    shard.startSteady({ ...stageOf(0), arrivals: null, turnover })
    for (const socket of peer.sockets) socket.end()
    await eventually(() => shard.reconnector?.reconnectTime.response.count === 6)
    const failures = shard.failures.rows().toSorted((a, b) => (a.source < b.source ? -1 : 1))
    expect(failures).toMatchObject(
      sources.map((source) => ({ phase: 'idle', cause: 'peer-end', source, count: 3 })),
    )
    const seen = [...peer.sockets].map((socket) => socket.remoteAddress).toSorted()
    expect(seen).toEqual(sources.flatMap((source) => Array(3).fill(source)))
  })

  it('comes back at once where a BYE says so', async () => {
    const peer = await startPeer()
    const shard = await connect(setupOf(peer.url, 2, engine))
    const turnover = { kind: 'storm', atUs: 0, byGenerator: false, seed: 1 } as const
    shard.startSteady({ ...stageOf(0), arrivals: null, turnover })
    peer.sendAway(4202, 'shutdown')
    await eventually(() => shard.reconnector?.reconnectTime.response.count === 2)
    expect(shard.failures.rows()).toMatchObject([{ cause: 'bye 4202 shutdown', count: 2 }])
  })

  it('answers its heartbeat grant with pings and measures the way back', async () => {
    const peer = await startPeer({ heartbeatSeconds: 1 })
    const shard = await connect(setupOf(peer.url, 2, engine))
    await eventually(() => shard.heartbeatRtt.response.count === 2 || peer.pings > 4)
    expect(peer.pings).toBeGreaterThanOrEqual(2)
  })
})
