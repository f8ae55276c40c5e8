/**
 * The addresses that devices get when they are sent away: those of the nodes that take them, each
 * as often as it has room. A node hands each device another one first (POST /v1/drain), so a list
 * of 16 with repetitions is how the load is divided.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { LIMITS } from '../../protocol/frame-types.ts'

/** A BYE holds so many; half for each carrier where there are both. */
const PLACES = LIMITS.addressCountMax / 2

/** At most 16 addresses, TCP and WebSocket; [] where no target has any. */
export function deviceAddresses(targets: readonly NodeRecord[]): string[] {
  return [
    ...spread(targets, ({ addresses }) => addresses.tcp),
    ...spread(targets, ({ addresses }) => addresses.ws),
  ]
}

function spread(
  targets: readonly NodeRecord[],
  addressesOf: (node: NodeRecord) => readonly string[],
): string[] {
  const reached = targets
    .filter((node) => addressesOf(node).length > 0)
    .toSorted((a, b) => roomOf(b) - roomOf(a))
    .slice(0, PLACES)
  const room = reached.reduce((sum, node) => sum + roomOf(node), 0)
  const places = divide(reached.map((node) => roomOf(node) / room))
  // In turns, so that neighbours in the list are different nodes.
  const turns = Array.from({ length: PLACES }, (_, turn) =>
    reached
      .filter((_node, i) => places[i] > turn)
      .map((node) => addressesOf(node)[turn % addressesOf(node).length]),
  )
  return turns.flat()
}

/** Never 0: a full node is still better than none. */
function roomOf({ devicesMax, devicesOnline }: NodeRecord): number {
  return Math.max(1, devicesMax - devicesOnline)
}

/** Places by share, at least one each; equal shares get one each, not eight. */
function divide(shares: readonly number[]): number[] {
  const smallest = Math.min(...shares)
  const wanted = shares.map((share) => Math.round(share / smallest))
  const sum = wanted.reduce((total, places) => total + places, 0)
  if (sum <= PLACES) return wanted
  const places = shares.map((share) => Math.max(1, Math.floor(share * PLACES)))
  while (places.reduce((total, each) => total + each, 0) > PLACES) {
    places[places.indexOf(Math.max(...places))]--
  }
  return places
}
