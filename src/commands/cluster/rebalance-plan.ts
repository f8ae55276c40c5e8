/**
 * Which nodes give how many devices to which, so that none stays above its fair share by more than
 * the skew that is allowed. A node that is above gives down to its fair share, so that the next
 * look does not find it at the edge again; what is not above is left alone.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { fairShares } from './cluster-totals.ts'

export interface PlannedMove {
  readonly from: NodeRecord
  readonly to: NodeRecord
  readonly devices: number
}

interface Party {
  readonly node: NodeRecord
  devices: number
}

/** @param skewMax 0.1: a node may hold 10 % more than its fair share, which follows devicesMax */
export function planMoves(nodes: readonly NodeRecord[], skewMax: number): PlannedMove[] {
  const fair = fairShares(nodes)
  const ready = nodes.filter(({ name }) => fair.has(name))
  const shareOf = ({ name }: NodeRecord): number => fair.get(name) ?? 0
  const givers: Party[] = ready
    .filter((node) => node.devicesOnline > shareOf(node) * (1 + skewMax))
    .map((node) => ({ node, devices: node.devicesOnline - Math.ceil(shareOf(node)) }))
  const takers: Party[] = ready
    .filter((node) => reaches(node))
    .map((node) => ({ node, devices: Math.floor(shareOf(node)) - node.devicesOnline }))
  // Within a site first: devices were sent there for a reason.
  return [...pair(givers, takers, true), ...pair(givers, takers, false)]
}

function pair(givers: Party[], takers: Party[], isSameSite: boolean): PlannedMove[] {
  const moves: PlannedMove[] = []
  for (const giver of givers) {
    for (const taker of takers.toSorted((a, b) => b.devices - a.devices)) {
      if (isSameSite && taker.node.site !== giver.node.site) continue
      const devices = Math.min(giver.devices, taker.devices)
      if (devices <= 0) continue
      giver.devices -= devices
      taker.devices -= devices
      moves.push({ from: giver.node, to: taker.node, devices })
    }
  }
  return moves
}

function reaches({ addresses }: NodeRecord): boolean {
  return addresses.tcp.length + addresses.ws.length > 0
}
