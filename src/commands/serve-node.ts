/**
 * The life of a node from its settings to the last BYE: shards, HTTP API, log, and SIGHUP. All
 * imports of the server stand here, so that `serve --help` loads none of them.
 */
import type { CommandContext } from '../config/command.ts'
import type { ClusterView } from '../cluster/node-record.ts'
import type { OptionsOf } from '../config/option-table.ts'
import { collectStartupGarbage } from '../engine/collect-garbage.ts'
import { isLoopbackHost } from '../server/auth/loopback-host.ts'
import { type HttpServer, startHttpServer } from '../server/http/http-server.ts'
import { DEFAULT_HTTP_LIMITS } from '../server/http/limits.ts'
import type { LogLevel } from '../server/log/log-kinds.ts'
import { NodeLog } from '../server/log/node-log.ts'
import { NodeWatch } from '../server/log/node-watch.ts'
import { addressText } from '../server/address-text.ts'
import { PushNode } from '../server/push-node.ts'
import { DiskStore } from '../server/store/disk-store.ts'
import { probeSettings } from './serve-dispatch-options.ts'
import { joinCluster } from './serve-cluster.ts'
import type { SERVE_OPTIONS } from './serve-options.ts'
import { placesOf } from './serve-places.ts'
import { planServe, readSecrets } from './serve-plan.ts'
import { type Secrets, ServeReload } from './serve-reload.ts'
import { planTuning } from './serve-tuning.ts'

type ServeOptions = OptionsOf<typeof SERVE_OPTIONS>
type ServeContext = CommandContext<ServeOptions>

/** After the devices are gone, open HTTP requests may take this long. */
const HTTP_GRACE_MS = 1_000

export interface OpenNode {
  /** Sends the devices away, and ends. */
  close(): Promise<void>
}

/** Throws PushctlError or ConfigFaults; nothing is left running then. */
export async function openNode(context: ServeContext): Promise<OpenNode> {
  const { options, signal, env } = context
  const { nodeOptions, secrets, notes } = await planServe(options, env)
  const log = openLog(context)
  for (const line of notes) log.tell('setting', line)
  let live = { options, secrets: secrets as Secrets }
  const verifyDevice: typeof nodeOptions.verifyDevice =
    secrets.deviceAuth === null
      ? null
      : async (token, deviceId) => (await live.secrets.deviceAuth?.verify(token, deviceId)) ?? ''
  const store = options.dataDir === undefined ? null : await DiskStore.open(options.dataDir)
  const cluster = await joinCluster(options, env, (line) => log.tell('cluster', line))
  if (store === null && cluster === null) {
    log.tell('setting', 'stored pushes (qos 1) end with this process: no --data-dir is given')
  }
  const node = new PushNode({
    ...nodeOptions,
    ...(store && { store }),
    ...(cluster && { cluster }),
    verifyDevice,
    tell: (line) => log.tell('upstream', line),
  })
  const watch = new NodeWatch(node, log)
  await node.start()
  let http: HttpServer
  try {
    http = await openHttp(context, node, cluster?.view, secrets.adminToken, log)
  } catch (error) {
    await node.stop()
    throw error
  }
  const httpAddress = addressText(http.host, http.port)
  collectStartupGarbage()
  node.markReady(httpAddress)
  watch.start()
  announce(context, log, node, httpAddress)
  const stopReloading = reloadOnRequest(context, secrets, {
    log,
    readOptions: () => context.reload.read(),
    readSecrets: (now) => readSecrets(now, env),
    connectionsMaxAtStart: nodeOptions.connectionsMax,
    plan: (now, read) => planTuning(now, read.payloadKeys),
    apply: (now, read, connectionsMax, tuning) => {
      live = { options: now, secrets: read }
      log.level = now.logLevel as LogLevel
      node.limitConnections(connectionsMax)
      node.tune(tuning)
      const { memoryBytesMax = 0, loopLagMsMax } = now
      node.limitLoad({ memoryBytesMax, loopLagMsMax })
      if (read.adminToken !== null) http.replaceAdminToken(read.adminToken)
    },
  })
  return {
    async close() {
      stopReloading()
      log.tell('stopping', `stopping: ${String(signal.reason ?? 'asked')}; sending devices away`)
      const { drainPerSecond, drainMs } = live.options
      await limited(node.drainForShutdown(drainPerSecond), drainMs)
      await http.close(HTTP_GRACE_MS)
      watch.stop()
      await node.stop()
      log.close()
    },
  }
}

function openLog({ options, sources, stderr, terminal, quiet }: ServeContext): NodeLog {
  const { logFormat, logLevel } = options
  const isAsked = sources.logLevel !== undefined && sources.logLevel.kind !== 'default'
  return new NodeLog({
    node: options.nodeName,
    level: quiet && !isAsked ? 'error' : (logLevel as LogLevel),
    format: logFormat === 'human' || logFormat === 'json' ? logFormat : formatFor(terminal),
    color: terminal.color,
    stream: stderr,
  })
}

function formatFor({ stderrIsTty }: ServeContext['terminal']): 'human' | 'json' {
  return stderrIsTty ? 'human' : 'json'
}

function openHttp(
  { options }: ServeContext,
  node: PushNode,
  cluster: ClusterView | undefined,
  adminToken: string | null,
  log: NodeLog,
): Promise<HttpServer> {
  // Whoever reaches this port could be any device, as on the ports of the other carriers.
  const servesDevices =
    isLoopbackHost(options.http.host) || options.insecure || options.authSecretFile !== undefined
  return startHttpServer({
    control: node,
    ...(cluster && { cluster }),
    upstream: node.upstream,
    ...(servesDevices ? { devices: node.httpDevices } : {}),
    origins: options.origins,
    host: options.http.host,
    port: options.http.port,
    adminToken,
    metricsAuth: options.metricsAuth,
    probe: probeSettings(options),
    places: placesOf(options, node.listeners),
    limits: {
      ...DEFAULT_HTTP_LIMITS,
      payloadBytesMax: Math.min(DEFAULT_HTTP_LIMITS.payloadBytesMax, options.frameBytesMax),
    },
    reportFailure: (failure, where) => log.tellFailure('api-failure', where, failure),
  })
}

/**
 * Without a file that could have changed there is nothing to read again: then SIGHUP ends the node,
 * as the closing terminal of any program does.
 */
function reloadOnRequest(
  { reload, options, sources }: ServeContext,
  secrets: Secrets,
  parts: ConstructorParameters<typeof ServeReload>[2],
): () => void {
  const hasFile = (sources as Record<string, { kind: string } | undefined>)['configFile']
  const hasConfig = hasFile !== undefined && hasFile.kind !== 'default'
  const { adminTokenFile, authSecretFile, payloadKeyFile } = options
  const files = [adminTokenFile, authSecretFile, payloadKeyFile]
  if (!hasConfig && files.every((file) => file === undefined)) return () => {}
  const reloading = new ServeReload(options, secrets, parts)
  return reload.onRequest(() => void reloading.run())
}

/**
 * One line a listener and "ready" for people; one JSON line for programs. With --log-format json
 * they are lines of the log, so that all of stderr is JSON.
 */
function announce(context: ServeContext, log: NodeLog, node: PushNode, http: string): void {
  const of = (carrier: string) =>
    node.listeners
      .filter((listener) => listener.carrier === carrier)
      .map(({ host, port }) => addressText(host, port))
  const tcp = of('tcp')
  const ws = of('ws')
  if (context.options.logFormat === 'json') {
    for (const address of tcp) log.tell('listening', `tcp ${address}`, { carrier: 'tcp', address })
    for (const address of ws) log.tell('listening', `ws ${address}`, { carrier: 'ws', address })
    log.tell('listening', `http ${http}`, { carrier: 'http', address: http })
    log.tell('ready', 'ready')
  } else {
    for (const address of tcp) context.note(`tcp   ${address}`)
    for (const address of ws) context.note(`ws    ${address}`)
    const page = http.replace(/^(0\.0\.0\.0|\[::\])/, 'localhost')
    context.note(`http  ${http}   (http://${page}/ shows the node)`)
    context.note('ready')
  }
  if (!context.json) return
  const event = { event: 'ready', tcp, ws, http, engine: node.shards[0]?.engine }
  context.stdout.write(`${JSON.stringify(event)}\n`)
}

function limited(work: Promise<void>, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, limitMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
