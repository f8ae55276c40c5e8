/**
 * Empties one node: it refuses new devices and sends those it has to other nodes at a pace, while
 * this looks on until none is left. The node does the work; who stops looking does not stop it.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { formatCount, formatRate } from '../../config/quantities.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { type ClusterWork, paced, pause, readCounts } from './cluster-work.ts'
import { deviceAddresses } from './device-addresses.ts'
import { askNode } from './node-requests.ts'
import { nodeNamed } from './node-source.ts'

export interface DrainOutcome {
  readonly node: string
  readonly to: readonly string[]
  readonly addresses: readonly string[]
  /** That were there when it began. */
  readonly devices: number
  /** More than 0 only where the time was over. */
  readonly devicesLeft: number
  readonly seconds: number
}

/** Nodes that take the devices: those named, else all that are ready. */
export function drainTargets(
  nodes: readonly NodeRecord[],
  leaving: readonly NodeRecord[],
  wanted: readonly string[],
): readonly NodeRecord[] {
  const left = new Set(leaving.map(({ name }) => name))
  const named = wanted.map((name) => nodeNamed(nodes, name))
  const targets = named.length > 0 ? named : nodes.filter(({ state }) => state === 'ready')
  const unfit = named.find(({ name, state }) => state !== 'ready' || left.has(name))
  if (unfit !== undefined) {
    const got = left.has(unfit.name) ? 'is the one to be drained' : `is ${unfit.state}`
    const message = `--to must name ready nodes beside it, but ${unfit.name} ${got}`
    throw new PushctlError('PUSHCTL_CONFIG', message, { tries: ['pushctl cluster status'] })
  }
  return targets.filter(({ name }) => !left.has(name))
}

/** Resolves when the node is empty, or after limitMs. */
export async function drainNode(
  work: ClusterWork,
  node: NodeRecord,
  targets: readonly NodeRecord[],
  devicesPerSecond: number,
  limitMs = Infinity,
): Promise<DrainOutcome> {
  const addresses = deviceAddresses(targets)
  if (addresses.length === 0) {
    work.note(`${node.name}: no other node takes its devices; they are told to come back`)
  }
  const { devicesOnline: devices } = await readCounts(work, node)
  const startedMs = performance.now()
  await askNode(work.access, ['POST', node.http, '/v1/drain'], {
    rate: devicesPerSecond,
    ...(addresses.length === 0 ? {} : { addresses }),
  })
  const pace = devicesPerSecond === 0 ? 'at once' : formatRate(devicesPerSecond)
  work.note(`${node.name}: draining ${devicesText(devices)}, ${pace}`)
  const devicesLeft = await untilEmpty(work, node, startedMs + limitMs)
  const seconds = (performance.now() - startedMs) / 1_000
  const to = targets.map(({ name }) => name)
  return { node: node.name, to, addresses, devices, devicesLeft, seconds }
}

/** Takes a drain back, whoever began it; resolves to the devices that the node has. */
export async function undrainNode(work: ClusterWork, node: NodeRecord): Promise<number> {
  await askNode(work.access, ['DELETE', node.http, '/v1/drain'])
  return (await readCounts(work, node)).devicesOnline
}

/**
 * Resolves to the devices that are left: 0, but for the end of its time. Fails where somebody takes
 * the drain back.
 */
async function untilEmpty(work: ClusterWork, node: NodeRecord, untilMs: number): Promise<number> {
  const tell = paced(work.note)
  for (;;) {
    const { devicesOnline, isDraining } = await readCounts(work, node)
    if (devicesOnline === 0 || performance.now() > untilMs) return devicesOnline
    if (!isDraining) throw takenBack(node, devicesOnline)
    tell(() => `${node.name}: ${devicesText(devicesOnline)} left`)
    await pause(work)
  }
}

function takenBack({ name }: NodeRecord, devicesLeft: number): PushctlError {
  const message = `${name} must drain until it is empty, got a drain that was taken back`
  const left = devicesText(devicesLeft)
  return new PushctlError('PUSHCTL_TARGET_REFUSED', message, {
    why: `somebody has called undrain, or the node was restarted; it has ${left}`,
    tries: ['pushctl cluster status'],
  })
}

export function devicesText(count: number): string {
  return `${formatCount(count)} device${count === 1 ? '' : 's'}`
}
