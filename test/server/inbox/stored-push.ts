/**
 * A real node of two shards with devices that ack or not: the stage of the tests of stored pushes.
 */
import { EpollEngine } from '../../../src/engine/epoll-engine.ts'
import type { LogLimits } from '../../../src/server/broadcast/broadcast-log.ts'
import type { PushOutcome, StoredPush } from '../../../src/server/node-control.ts'
import { PushNode } from '../../../src/server/push-node.ts'
import type { PushStore } from '../../../src/server/store/push-store.ts'
import { type CarrierName, DevicePeer } from '../device-peer.ts'
import { nodeOptions } from '../node-options.ts'

export const canRun = EpollEngine.isAvailable()

export class StoredStage {
  node!: PushNode
  #peers: DevicePeer[] = []

  async open(
    store?: PushStore,
    more: { broadcastPerSecond?: number; log?: LogLimits } = {},
  ): Promise<this> {
    this.node = new PushNode(nodeOptions({ ...(store && { store }), ...more }))
    await this.node.start()
    this.node.markReady('127.0.0.1:7002')
    return this
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.destroy()
    await this.node.stop()
  }

  async join(
    deviceId: string,
    hello: Record<string, unknown> = {},
    carrier: CarrierName = 'tcp',
  ): Promise<DevicePeer> {
    const [tcp, ws] = this.node.listeners
    const ports = { tcpPort: tcp!.port, wsPort: ws!.port }
    const peer = await DevicePeer.join(carrier, ports, deviceId, { flags: 2, ...hello })
    this.#peers.push(peer)
    return peer
  }

  push(to: string[], text: string, stored: Partial<StoredPush> = {}): Promise<PushOutcome> {
    return this.node.push({
      to: { kind: 'devices', deviceIds: to },
      payload: Buffer.from(text),
      stored: { ttlSeconds: 60, mode: 'DIRECT', ...stored },
    })
  }

  async pending(): Promise<number> {
    return (await this.node.describe()).store!.messagesPending
  }
}
