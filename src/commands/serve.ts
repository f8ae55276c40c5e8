/** pushctl serve: a push node in one command, from the first listener to the last BYE. */
import { type CommandContext, defineCommand } from '../config/command.ts'
import type { OptionsOf } from '../config/option-table.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { SERVE_OPTIONS } from './serve-options.ts'
import { planServe } from './serve-plan.ts'

type ServeContext = CommandContext<OptionsOf<typeof SERVE_OPTIONS>>

/** After the devices are gone, open HTTP requests may take this long. */
const HTTP_GRACE_MS = 1_000

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
    const node = await openNode(context)
    await untilAborted(context.signal)
    await node.close()
    return EXIT.OK
  },
})

interface OpenNode {
  close(): Promise<void>
}

async function openNode(context: ServeContext): Promise<OpenNode> {
  const { options, note, signal } = context
  const { setHeapForServing } = await import('../engine/heap-settings.ts')
  setHeapForServing()
  const [
    { PushNode, addressText },
    { startHttpServer },
    { DEFAULT_HTTP_LIMITS },
    { collectStartupGarbage },
  ] = await Promise.all([
    import('../server/push-node.ts'),
    import('../server/http/http-server.ts'),
    import('../server/http/limits.ts'),
    import('../engine/collect-garbage.ts'),
  ])
  const { nodeOptions, adminToken, notes } = await planServe(options, context.env)
  const tell = (line: string) => {
    if (options.logLevel !== 'error') note(line)
  }
  for (const line of notes) tell(line)
  const node = new PushNode(nodeOptions)
  node.onShardLost = (index, exit, restartMs) => {
    const again = restartMs < 0 ? '' : `; it starts again in ${restartMs / 1000} s`
    note(`shard ${index} is lost (${exit.signal ?? exit.code}); its devices must come back${again}`)
  }
  node.onShardBack = (index) => tell(`shard ${index} is back`)
  await node.start()
  try {
    const http = await startHttpServer({
      control: node,
      host: options.http.host,
      port: options.http.port,
      adminToken,
      metricsAuth: options.metricsAuth,
      limits: {
        ...DEFAULT_HTTP_LIMITS,
        payloadBytesMax: Math.min(DEFAULT_HTTP_LIMITS.payloadBytesMax, options.frameBytesMax),
      },
      reportFailure: (failure, where) => note(`${where}: ${(failure as Error).stack ?? failure}`),
    })
    const httpAddress = addressText(http.host, http.port)
    collectStartupGarbage()
    node.markReady(httpAddress)
    announce(context, node.listeners, httpAddress, node.shards[0])
    return {
      async close() {
        tell(`stopping: ${String(signal.reason ?? 'asked')}; sending devices away`)
        await limited(node.drainForShutdown(options.drainPerSecond), options.drainMs)
        await http.close(HTTP_GRACE_MS)
        await node.stop()
      },
    }
  } catch (error) {
    await node.stop()
    throw error
  }
}

/** One line a listener and "ready" for people; one JSON line for programs. */
function announce(
  context: ServeContext,
  listeners: readonly { carrier: string; host: string; port: number }[],
  http: string,
  shard: { readonly engine: string } | undefined,
): void {
  const of = (carrier: string) =>
    listeners
      .filter((listener) => listener.carrier === carrier)
      .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
  const tcp = of('tcp')
  const ws = of('ws')
  for (const address of tcp) context.note(`tcp   ${address}`)
  for (const address of ws) context.note(`ws    ${address}`)
  const page = http.replace(/^(0\.0\.0\.0|\[::\])/, 'localhost')
  context.note(`http  ${http}   (http://${page}/ shows the node)`)
  context.note('ready')
  if (!context.json) return
  const event = { event: 'ready', tcp, ws, http, engine: shard?.engine }
  context.stdout.write(`${JSON.stringify(event)}\n`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function limited(work: Promise<void>, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, limitMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
