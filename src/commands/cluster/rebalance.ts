/**
 * Carries out planned moves one after the other, so that the rate holds for the cluster. A move
 * ends when the node has sent its devices away, or has none left to send.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { formatCount } from '../../config/quantities.ts'
import { type ClusterWork, paced, pause, readCounts } from './cluster-work.ts'
import { deviceAddresses } from './device-addresses.ts'
import { askNode } from './node-requests.ts'
import type { PlannedMove } from './rebalance-plan.ts'

/** Beyond the time that the rate takes: then devices have left by themselves meanwhile. */
const PATIENCE_MS = 10_000

export interface MoveOutcome {
  readonly from: string
  readonly to: string
  readonly planned: number
  readonly moved: number
  readonly seconds: number
}

export async function moveAll(
  work: ClusterWork,
  moves: readonly PlannedMove[],
  devicesPerSecond: number,
): Promise<readonly MoveOutcome[]> {
  const outcomes: MoveOutcome[] = []
  for (const move of moves) outcomes.push(await moveSome(work, move, devicesPerSecond))
  return outcomes
}

async function moveSome(
  work: ClusterWork,
  { from, to, devices }: PlannedMove,
  devicesPerSecond: number,
): Promise<MoveOutcome> {
  const before = await readCounts(work, from)
  const startedMs = performance.now()
  const { document } = await askNode(work.access, ['POST', from.http, '/v1/move'], {
    ...{ devices, rate: devicesPerSecond, addresses: deviceAddresses([to]) },
  })
  const going = Number(document['devices'])
  work.note(`${from.name} → ${to.name}: moving ${formatCount(going)} devices`)
  const moved = await untilMoved(
    work,
    from,
    before.moved + going,
    waitMsOf(going, devicesPerSecond),
  )
  return {
    from: from.name,
    to: to.name,
    planned: devices,
    moved: moved - before.moved,
    seconds: (performance.now() - startedMs) / 1_000,
  }
}

/** Resolves to the count of the node when it is reached, or when time is over. */
async function untilMoved(
  work: ClusterWork,
  node: NodeRecord,
  wanted: number,
  waitMs: number,
): Promise<number> {
  const untilMs = performance.now() + waitMs
  const tell = paced(work.note)
  for (;;) {
    const { moved } = await readCounts(work, node)
    if (moved >= wanted || performance.now() > untilMs) return moved
    tell(() => `${node.name}: ${formatCount(wanted - moved)} devices to go`)
    await pause(work)
  }
}

function waitMsOf(devices: number, devicesPerSecond: number): number {
  return PATIENCE_MS + (devicesPerSecond === 0 ? 0 : (2_000 * devices) / devicesPerSecond)
}
