/** One device of a node, or of its cluster: described and kicked by its id. */
import { BYE } from '../protocol/frame-types.ts'
import type { ClusterTraffic } from './cluster/cluster-traffic.ts'
import type { Directory } from './directory.ts'
import type { DeviceState } from './node-control.ts'
import type { NodePushes } from './node-pushes.ts'
import type { ShardGroup } from './shard-group.ts'

export interface NodeDeviceParts {
  readonly pushes: NodePushes
  readonly directory: Directory
  readonly group: ShardGroup
  /** null: the node is alone. */
  readonly traffic: ClusterTraffic | null
}

export class NodeDevices {
  readonly #parts: NodeDeviceParts

  constructor(parts: NodeDeviceParts) {
    this.#parts = parts
  }

  async find(deviceId: string): Promise<DeviceState | null> {
    const { pushes, traffic } = this.#parts
    const here = await this.findHere(deviceId)
    return here ?? traffic?.findElsewhere(pushes.hashOf(deviceId), deviceId) ?? null
  }

  async findHere(deviceId: string): Promise<DeviceState | null> {
    const { pushes, directory, group } = this.#parts
    const shard = pushes.locate(deviceId)
    if (!shard) return null
    const { slot, generation } = directory
    const answer = await group.ask<'device'>(shard, (requestId) => ({
      kind: 'describe-device',
      requestId,
      slot,
      generation,
      deviceId,
    }))
    return answer?.state ?? null
  }

  async kick(deviceId: string): Promise<boolean> {
    const { pushes, directory, traffic } = this.#parts
    const shard = pushes.locate(deviceId)
    if (!shard) return traffic?.kickElsewhere(pushes.hashOf(deviceId)) ?? false
    shard.batch.addClose(directory.slot, directory.generation, BYE.KICKED)
    return true
  }
}
