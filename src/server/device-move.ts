/**
 * Moves a number of devices to other nodes while this one stays ready: what a rebalance asks of the
 * nodes that have too many. Unlike a drain it ends by count, and who comes back here is let in.
 */
import { BYE } from '../protocol/frame-types.ts'
import type { RunningShard } from './shard-group.ts'

export interface MoveOrder {
  /** How many devices; all that are here where there are fewer. */
  readonly devices: number
  /** Per second; 0: as fast as possible. */
  readonly devicesPerSecond: number
  /** Where they are told to go. */
  readonly addresses: readonly string[]
}

interface ShardDevices {
  readonly shard: RunningShard
  readonly sample: { readonly totals: { readonly devicesOnline: number } }
}

/**
 * Begins it, in place of a move that is under way; each shard gives up its share.
 *
 * @returns how many devices will be moved
 */
export function moveDevices(shards: readonly ShardDevices[], order: MoveOrder): number {
  const online = shards.map(({ sample }) => sample.totals.devicesOnline)
  const shares = divideByWeight(order.devices, online)
  const devices = shares.reduce((sum, share) => sum + share, 0)
  for (const [i, { shard }] of shards.entries()) {
    if (!shard.isAlive) continue
    shard.link.post({
      kind: 'drain',
      devicesPerSecond: devices === 0 ? 0 : (order.devicesPerSecond * shares[i]) / devices,
      code: BYE.REBALANCE,
      addresses: order.addresses,
      devicesMax: shares[i],
    })
  }
  return devices
}

/**
 * Whole shares that add up to `total`, or to all weights where they are less; none above its own.
 */
export function divideByWeight(total: number, weights: readonly number[]): number[] {
  let weightLeft = weights.reduce((sum, weight) => sum + weight, 0)
  let left = Math.min(total, weightLeft)
  return weights.map((weight) => {
    const share = weightLeft === 0 ? 0 : Math.min(weight, Math.round((left * weight) / weightLeft))
    weightLeft -= weight
    left -= share
    return share
  })
}
