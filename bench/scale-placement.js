/**
 * Where devices go by the placement of src/cluster/dispatch: how even, and how many move when a node
 * joins or leaves. Hashes are uniform, so a sample tells: at 300 million devices chance is smaller
 * by the root of (300 million / sample), which the last column says.
 */
import { loadSources } from './scale-sources.js'

export async function measurePlacement({ nodes: count, sample, devices }) {
  const { NodeRanking, mix32 } = await loadSources([
    'cluster/dispatch/node-ranking',
    'cluster/dispatch/name-point',
  ])
  const online = Math.floor(devices / count)
  const record = (index, devicesOnline) => ({
    name: `node-${index + 1}`,
    devicesMax: 2 * online,
    devicesOnline,
    load: 0.5,
    startedAtMs: 0,
    // The one that joins is new.
    seenAtMs: devicesOnline === 0 ? 1_000 : 86_400_000,
  })
  const even = Array.from({ length: count }, (_, index) => record(index, online))
  const place = (nodes) => {
    const ranking = new NodeRanking(nodes)
    const homes = new Uint16Array(sample)
    for (let device = 0; device < sample; device++)
      homes[device] = ranking.homeOf(mix32(device * 7 + 3))
    return homes
  }
  const startMs = performance.now()
  const before = place(even)
  const nsPerNode = ((performance.now() - startMs) * 1e6) / sample / count
  const joined = place([...even, record(count, 0)])
  const left = place(even.slice(0, -1))
  const counts = new Uint32Array(count)
  for (const home of before) counts[home]++
  const mean = sample / count
  const most = Math.max(...counts) / mean
  const moved = (after) =>
    after.reduce((sum, home, device) => sum + (home !== before[device] ? 1 : 0), 0)
  return {
    nodes: count,
    most,
    mostAtScale: 1 + (most - 1) * Math.sqrt(sample / devices),
    joined: moved(joined) / sample,
    joinedFair: 1 / (count + 1),
    left: moved(left) / sample,
    leftFair: 1 / count,
    nsPerNode,
    usPerDevice: (nsPerNode * count) / 1_000,
  }
}
