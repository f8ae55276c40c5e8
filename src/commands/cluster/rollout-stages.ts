/**
 * The order of a rollout: which nodes in which stage. One first, then a few, then all: a fault that
 * a test did not find shows where it costs least. The emptiest node goes first, for the same
 * reason; behind it the sites take turns, so that a few are a few of each.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'

/** `1,25%,100%`: how many nodes are done after each stage; null where it is not that. */
export function parseStages(text: string): readonly StageSize[] | null {
  const sizes = text.split(',').map((part) => {
    const match = /^(\d{1,6})(%?)$/.exec(part.trim())
    if (match === null) return null
    const value = Number(match[1])
    const isShare = match[2] === '%'
    return value === 0 || (isShare && value > 100) ? null : { value, isShare }
  })
  return sizes.every((size) => size !== null) ? sizes : null
}

export interface StageSize {
  readonly value: number
  /** Percent of the nodes, not a number of them. */
  readonly isShare: boolean
}

/**
 * No stage is empty; the last one takes what the sizes leave, so that a rollout never ends with
 * nodes forgotten.
 */
export function planStages(
  nodes: readonly NodeRecord[],
  sizes: readonly StageSize[],
): readonly (readonly NodeRecord[])[] {
  const order = orderOf(nodes)
  const stages: NodeRecord[][] = []
  let done = 0
  for (const [i, { value, isShare }] of sizes.entries()) {
    const wanted = isShare ? Math.ceil((order.length * value) / 100) : value
    const end = i === sizes.length - 1 ? order.length : Math.min(order.length, wanted)
    if (end <= done) continue
    stages.push(order.slice(done, end))
    done = end
  }
  return stages
}

function orderOf(nodes: readonly NodeRecord[]): NodeRecord[] {
  const byDevices = nodes.toSorted(
    (a, b) => a.devicesOnline - b.devicesOnline || (a.name < b.name ? -1 : 1),
  )
  const places = new Map<string, number>()
  const placeOf = new Map(
    byDevices.map((node) => {
      const place = places.get(node.site) ?? 0
      places.set(node.site, place + 1)
      return [node.name, place]
    }),
  )
  return byDevices.toSorted((a, b) => (placeOf.get(a.name) ?? 0) - (placeOf.get(b.name) ?? 0))
}
