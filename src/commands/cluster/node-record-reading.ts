/**
 * Node records as another program sent them: a node of another version, or whatever stands at the
 * address. What decisions hang on must be there and of its type; the rest gets the value that says
 * nothing.
 */
import type { NodeRecord, NodeState } from '../../cluster/node-record.ts'

const STATES: readonly NodeState[] = ['ready', 'draining', 'fenced']

/** null where it is no list of nodes; nodes that cannot be understood make it none, too. */
export function readNodeRecords(document: unknown): readonly NodeRecord[] | null {
  const { nodes } = objectOf(document)
  if (!Array.isArray(nodes)) return null
  const records = nodes.map(readNodeRecord)
  return records.every((record) => record !== null) ? records : null
}

function readNodeRecord(value: unknown): NodeRecord | null {
  const record = objectOf(value)
  const { name, bootId, state, http } = record
  const addresses = objectOf(record['addresses'])
  const isKnown = typeof name === 'string' && /^[\w.-]{1,64}$/.test(name)
  if (!isKnown || typeof bootId !== 'string' || typeof http !== 'string') return null
  if (!STATES.includes(state as NodeState)) return null
  const drain = objectOf(record['drain'])
  return {
    ...{ name, bootId, http, state: state as NodeState },
    version: textOf(record['version']),
    site: textOf(record['site']),
    addresses: { tcp: textsOf(addresses['tcp']), ws: textsOf(addresses['ws']) },
    devicesMax: numberOf(record['devicesMax']),
    devicesOnline: numberOf(record['devicesOnline']),
    load: numberOf(record['load']),
    sentPerSecond: numberOf(record['sentPerSecond']),
    startedAtMs: numberOf(record['startedAtMs']),
    seenAtMs: numberOf(record['seenAtMs']),
    drain:
      record['drain'] === null || record['drain'] === undefined
        ? null
        : { devicesLeft: numberOf(drain['devicesLeft']), perSecond: numberOf(drain['perSecond']) },
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}
