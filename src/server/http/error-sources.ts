/**
 * Which ends of connections are errors, and whose: the first alarm of a node. What a device or an
 * operator wanted (peer-end, replaced, kicked, drain …) is none.
 */
import type { ApiReport } from './request-meter.ts'

const SOURCE_OF_CLOSE: Readonly<Record<string, string>> = {
  'protocol-error': 'device',
  'bad-device-id': 'device',
  'frame-too-large': 'device',
  'websocket-fault': 'device',
  unauthorized: 'auth',
  'peer-reset': 'network',
  'socket-error': 'network',
  'heartbeat-lost': 'network',
  'handshake-timeout': 'network',
  overloaded: 'overload',
  'rate-limited': 'overload',
  'too-slow': 'overload',
  'node-full': 'overload',
  'buffers-full': 'overload',
}

/** All that connections can end by; each is a series from the start, so that a rate has a base. */
const SOURCES = ['api', 'auth', 'device', 'network', 'overload', 'shard'] as const

/** By source: api, auth, device, network, overload, shard. */
export function countErrors(
  closes: Readonly<Record<string, number>>,
  api: ApiReport,
  shardErrors: number,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = Object.fromEntries(SOURCES.map((name) => [name, 0]))
  for (const [cause, count] of Object.entries(closes)) {
    const source = cause.startsWith('http-') ? 'device' : SOURCE_OF_CLOSE[cause]
    if (source !== undefined) counts[source] += count
  }
  counts['api'] = api.routes.reduce((sum, route) => sum + failuresOf(route), 0)
  counts['shard'] = shardErrors
  return counts
}

/** A 503 of /readyz is an answer to the question, not a failure to answer. */
function failuresOf({ route, statuses }: ApiReport['routes'][number]): number {
  return Object.entries(statuses)
    .filter(([status]) => status >= '500' && status <= '599' && route !== '/readyz')
    .reduce((sum, [, count]) => sum + count, 0)
}
