/**
 * How many connections one node can carry, by each thing it can run out of; the smallest decides.
 */
import type { AssumptionValues } from './assumption-table.ts'
import type { ConnectionLoad } from './connection-load.ts'
import type { NodeHardware } from './plan-input.ts'

export interface NodeLimit {
  readonly name: 'memory' | 'cpu' | 'bandwidth out' | 'bandwidth in' | 'packets' | 'policy'
  /** Connections that fit; 0: not even the node itself does. */
  readonly connectionsMax: number
  /** What is used of a node with so many connections, 0 … of what may be used. */
  readonly usedBy: (connections: number) => number
}

export function nodeLimits(
  { memoryBytes, cores, nicBitsPerSecond, connectionsMax }: NodeHardware,
  load: ConnectionLoad,
  assumed: AssumptionValues,
): readonly NodeLimit[] {
  const fixedBytes = nodeBaseBytes(cores, assumed)
  const nicBytes = (nicBitsPerSecond / 8) * assumed['nic-share']
  const packets = Math.max(load.packetsIn, load.packetsOut)
  return [
    limit(
      'memory',
      memoryBytes * assumed['memory-share'],
      load.kernelBytes + load.processBytes,
      fixedBytes,
    ),
    limit('cpu', cores * 1e6 * assumed['cpu-share'], load.processUs + load.softirqUs),
    limit('bandwidth out', nicBytes, load.bytesOut),
    limit('bandwidth in', nicBytes, load.bytesIn),
    limit('packets', assumed['nic-packets'], packets),
    limit('policy', connectionsMax, 1),
  ]
}

/** Memory of a node without connections. */
export function nodeBaseBytes(cores: number, assumed: AssumptionValues): number {
  return assumed['main-bytes'] + cores * assumed['thread-bytes']
}

function limit(name: NodeLimit['name'], have: number, each: number, fixed = 0): NodeLimit {
  const free = Math.max(0, have - fixed)
  return {
    name,
    connectionsMax: each === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(free / each),
    usedBy: (connections) => (fixed + connections * each) / have,
  }
}
