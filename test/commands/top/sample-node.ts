/** GET /v1/node as a node answers it, as far as `top` reads it. */
import { BUCKET_SECONDS } from '../../../src/stats/bucket-histogram.ts'
import { figuresOf, type NodeFigures } from '../../../src/commands/top/node-figures.ts'
import { type NodeLook, type NodeRow, rowOf } from '../../../src/commands/top/node-row.ts'

export function documentOf(factor: number, name = 'push-1'): Record<string, unknown> {
  const counts = BUCKET_SECONDS.map((_, i) => (i === 3 ? 99 * factor : i === 8 ? factor : 0))
  return {
    name,
    version: '0.1.0',
    startedAtMs: 1_000,
    state: 'ready',
    ready: true,
    notReadyBecause: '',
    connectionsMax: 10_000,
    counters: {
      connectionsAccepted: 100 * factor,
      connectionsOpen: 1_500,
      devicesOnline: 1_400,
      pushesAccepted: 20 * factor,
      messagesSent: 2_000 * factor,
      heartbeats: 4 * factor,
      bytesSent: 65_536 * factor,
      bytesReceived: 1_024 * factor,
      bufferedBytes: 2_048,
      closes: { 'peer-end': 10 * factor, 'too-slow': 2 * factor, kicked: 1 },
    },
    memory: { rssBytes: 150 << 20 },
    load: { level: 1 },
    gc: {
      known: true,
      kinds: [{ kind: 'minor', pauses: { count: 10 * factor, mean: 2_000, max: 8_500 } }],
      loop_lag: { count: 100 * factor, mean: 500 },
    },
    health: {
      connections: {
        states: { joined: 1_400, hello: 100, closing: 0 },
        carriers: { tcp: 1_000, 'push.v1': 400 },
      },
    },
    shards: [{ state: 'up' }, { state: 'down' }],
    errors: { overload: 2 * factor, device: 0 },
    api: {
      routes: [
        { latency: { counts: [...counts, 0], count: 100 * factor, sumSeconds: 1 } },
        { latency: null },
      ],
    },
  }
}

export function figuresWith(factor: number, name?: string): NodeFigures {
  const figures = figuresOf(documentOf(factor, name))
  if (figures === null) throw new Error('the sample is not taken for a node')
  return figures
}

export function lookAt(atMs: number, figures: NodeFigures | null, url = 'http://a:1'): NodeLook {
  return { url, atMs, figures, failure: figures === null ? `nobody listens at ${url}` : '' }
}

/** Two seconds in which the sample counted once. */
export function busyRow(name = 'push-1', changes: Partial<NodeRow> = {}): NodeRow {
  const before = lookAt(1_000, figuresWith(1, name))
  return { ...rowOf(lookAt(3_000, figuresWith(2, name)), before), ...changes }
}

export function deadRow(url = 'http://b:2'): NodeRow {
  return rowOf(lookAt(3_000, null, url), null)
}
