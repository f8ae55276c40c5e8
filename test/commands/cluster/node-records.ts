/** Records of nodes for tests of what is decided over them. */
import type { NodeRecord } from '../../../src/cluster/node-record.ts'

export function nodeRecord(name: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    name,
    bootId: `${name}-1`,
    version: '1.2.0',
    site: '',
    state: 'ready',
    addresses: { tcp: [`${name}:7000`], ws: [`ws://${name}:7001/`] },
    http: `http://${name}:7002`,
    devicesMax: 1_000,
    devicesOnline: 0,
    load: 0,
    sentPerSecond: 0,
    startedAtMs: 0,
    seenAtMs: 0,
    drain: null,
    ...more,
  }
}
