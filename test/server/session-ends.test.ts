import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import { CARRIER_NAMES, type CarrierName, DevicePeer } from './device-peer.ts'
import { NodeStage, type StageOptions, untilTrue } from './node-stage.ts'

const ENGINES = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)
const PAIRS = ENGINES.flatMap((engine) =>
  CARRIER_NAMES.map((carrier) => [engine, carrier] as const),
)

let stage: NodeStage
let peers: DevicePeer[] = []

async function open(options: StageOptions): Promise<void> {
  stage = await NodeStage.open(options)
}

async function join(carrier: CarrierName, deviceId: string): Promise<DevicePeer> {
  const peer = await DevicePeer.join(carrier, stage.first, deviceId)
  peers.push(peer)
  return peer
}

afterEach(async () => {
  for (const peer of peers) peer.destroy()
  peers = []
  await stage.close()
})

describe.each(PAIRS)('ends of sessions on the %s engine, devices on %s', (engine, carrier) => {
  it('a device that does not read is cut and reads why; the others receive all', async () => {
    await open({ engine, limits: { sendQueueBytesMax: 128 * 1024 } })
    const slow = await join(carrier, 'slow')
    const quick = await join(carrier, 'quick')
    slow.socket.pause()
    const payload = Buffer.alloc(48 * 1024, 'x')
    let broadcasts = 0
    while (stage.closes('too-slow') === 0) {
      await stage.broadcast(payload)
      await quick.until('MSG', ++broadcasts)
      // More than any socket buffer holds: then the queue of the node has no limit.
      expect(broadcasts).toBeLessThan(1_000)
    }
    expect(stage.total('devicesOnline')).toBe(1)
    expect(stage.total('bufferedBytes')).toBeLessThan(512 * 1024)
    slow.socket.resume()
    const bye = await slow.bye()
    expect(bye).toMatchObject({ type: 'BYE', code: BYE.TOO_SLOW })
    expect(bye?.['retryAfterMs']).toBeGreaterThanOrEqual(5_000)
    if (carrier !== 'tcp') expect(slow.closeCode).toBe(BYE.TOO_SLOW)
    await stage.broadcast(payload)
    await quick.until('MSG', broadcasts + 1)
    expect(new Set(quick.of('MSG').map((frame) => String(frame.payload).length))).toEqual(
      new Set([payload.length]),
    )
    await untilTrue(() => stage.total('bufferedBytes') === 0)
    await untilTrue(() => stage.total('connectionsOpen') === 1)
  })

  it('a shard that stops says BYE to all, and lets them read it', async () => {
    await open({ engine })
    const joined = await join(carrier, 'a')
    const early = await DevicePeer.open(carrier, stage.first)
    peers.push(early)
    // Bytes that the node will not read: closing with them unread would reset the connection.
    for (let i = 0; i < 200; i++) joined.send({ type: 'PING' })
    await stage.first.shard.stop()
    expect(await joined.bye()).toMatchObject({ type: 'BYE', code: BYE.SHUTDOWN })
    expect(await early.bye()).toMatchObject({ type: 'BYE', code: BYE.SHUTDOWN })
    expect([joined.isEnded, early.isEnded]).toEqual([true, true])
  })
})

describe.each(ENGINES)('ends of sessions on the %s engine', (engine) => {
  it('are counted by what happened', async () => {
    await open({ engine })
    const [one, two, three] = [
      await join('tcp', '1'),
      await join('tcp', '2'),
      await join('tcp', '3'),
    ]
    one.socket.end()
    two.socket.resetAndDestroy()
    stage.kick('3')
    await three.bye()
    await untilTrue(() => stage.total('connectionsOpen') === 0)
    const { closes } = stage.samples()[0]!.totals
    expect(closes).toEqual({ 'peer-end': 1, 'peer-reset': 1, kicked: 1 })
    await untilTrue(() => stage.directory.count === 0)
  })
})

describe('ends of sessions after the linger time', () => {
  it('a device that never reads gives its memory back', async () => {
    await open({ engine: ENGINES[0], limits: { sendQueueBytesMax: 128 * 1024 } })
    const slow = await join('tcp', 'slow')
    slow.socket.pause()
    while (stage.closes('too-slow') === 0) await stage.broadcast(Buffer.alloc(48 * 1024))
    await untilTrue(() => stage.total('bufferedBytes') === 0)
    await untilTrue(() => stage.total('connectionsOpen') === 0)
    expect(stage.directory.count).toBe(0)
  })
})
