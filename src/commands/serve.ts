/** pushctl serve: a push node in one command, from the first listener to the last BYE. */
import { defineCommand } from '../config/command.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { SERVE_OPTIONS } from './serve-options.ts'

export const command = defineCommand({
  name: 'serve',
  summary: 'run a push node: TCP, WebSocket and an HTTP API',
  description:
    'Devices connect over TCP or WebSocket (docs/protocol.md), messages are pushed over HTTP\n' +
    '(docs/http-api.md). Listens on loopback unless told otherwise. Ctrl-C or SIGTERM sends the\n' +
    'devices away and ends with 0.',
  arguments: [],
  options: SERVE_OPTIONS,
  examples: [
    { line: 'pushctl serve', help: 'a node on loopback: tcp 7000, ws 7001, http 7002' },
    { line: 'pushctl serve --tcp 127.0.0.1:0 --json', help: 'any free port, told as JSON' },
    {
      line: 'pushctl serve --ws 0.0.0.0:7001 --auth-secret-file secret --admin-token-file token',
      help: 'open to the network',
    },
  ],
  async run(context) {
    // First of all: what is loaded next would let the young generation grow.
    const { setHeapForShards } = await import('../engine/heap-settings.ts')
    setHeapForShards()
    const { openNode } = await import('./serve-node.ts')
    const node = await openNode(context)
    await untilAborted(context.signal)
    await node.close()
    return EXIT.OK
  },
})

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
