/** Options of a push node as most tests want it: small tables, loopback, ports of its own. */
import type { PushNodeOptions } from '../../src/server/node-options.ts'

export function nodeOptions(more: Partial<PushNodeOptions> = {}): PushNodeOptions {
  return {
    name: 'test',
    version: '0',
    listeners: [
      { carrier: 'tcp', host: '127.0.0.1', port: 0 },
      { carrier: 'ws', host: '127.0.0.1', port: 0 },
    ],
    shardCount: 2,
    shardKind: 'thread',
    engine: 'epoll',
    portPerShard: false,
    connectionsMax: 1_000,
    rowsPerShard: 1_000,
    backlog: 1_024,
    limits: {
      frameBytesMax: 64 * 1024,
      handshakeMs: 10_000,
      sendQueueBytesMax: 256 * 1024,
      bufferedBytesMax: 64 << 20,
    },
    heartbeatSecondsMin: 30,
    heartbeatSecondsMax: 480,
    broadcastPerSecond: 0,
    verifyDevice: null,
    ...more,
  }
}
