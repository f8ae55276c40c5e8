/** Records of small nodes of a release, each started once, for tests of what is decided over them. */
import type { NodeRecord } from '../../../src/cluster/node-record.ts'
import { nodeRecord as recordOf } from '../../cluster/dispatch/node-records.ts'

export function nodeRecord(name: string, more: Partial<NodeRecord> = {}): NodeRecord {
  const started = { bootId: `${name}-1`, version: '1.2.0', devicesMax: 1_000 }
  const addresses = { tcp: [`${name}:7000`], ws: [`ws://${name}:7001/`] }
  return recordOf(name, { ...started, addresses, ...more })
}
