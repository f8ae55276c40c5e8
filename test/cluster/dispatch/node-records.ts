/** Node records as leases tell them, with only what a test is about. */
import type { ClusterView, NodeRecord } from '../../../src/cluster/node-record.ts'

export function nodeRecord(name: string, given: Partial<NodeRecord> = {}): NodeRecord {
  return {
    name,
    bootId: 'boot',
    version: '1.0.0',
    site: '',
    state: 'ready',
    addresses: { tcp: [`${name}:7000`], ws: [`ws://${name}:7001`] },
    http: `http://${name}:7002`,
    devicesMax: 1_000_000,
    devicesOnline: 0,
    load: 0,
    sentPerSecond: 0,
    startedAtMs: 0,
    seenAtMs: 0,
    drain: null,
    ...given,
  }
}

export function nodeRecords(count: number, given: Partial<NodeRecord> = {}): NodeRecord[] {
  return Array.from({ length: count }, (_, index) => nodeRecord(`node-${index + 1}`, given))
}

export function viewOf(nodes: readonly NodeRecord[], selfName = 'node-1'): ClusterView {
  return { selfName, nodes: () => nodes }
}
