/**
 * Everything that can be wrong with a node before its first listener opens, and what it will be:
 * from settings to the options of a PushNode. Nothing is imported that --help does not need.
 */
import type { OptionsOf } from '../config/option-table.ts'
import { packageVersion } from '../config/package-root.ts'
import { ConfigFaults, type PushctlError } from '../errors/pushctl-error.ts'
import type { PushNodeOptions } from '../server/node-options.ts'
import type { NodePlan } from '../server/node-plan.ts'
import type { PayloadKeyFile } from '../server/payload/payload-key-file.ts'
import type { ShardListener } from '../server/shard-messages.ts'
import { planGuard } from './serve-guard.ts'
import { planListeners } from './serve-listeners.ts'
import type { Secrets } from './serve-reload.ts'
import type { SERVE_OPTIONS } from './serve-options.ts'
import { planWebhooks } from './serve-webhooks.ts'

type ServeOptions = OptionsOf<typeof SERVE_OPTIONS>

export interface ServePlan {
  readonly nodeOptions: PushNodeOptions
  readonly secrets: Secrets
  /** What the user should know. */
  readonly notes: readonly string[]
}

/** Throws PushctlError, or ConfigFaults where several things are wrong. */
export async function planServe(
  options: ServeOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServePlan> {
  const { listeners, faults } = await planListeners(options)
  const { guard, faults: guardFaults } = planGuard(options, listeners)
  const secrets = await readSecrets(options, env)
  const { adminToken, deviceAuth } = secrets
  await refuse(
    options,
    listeners,
    [...faults, ...guardFaults],
    deviceAuth !== null,
    adminToken !== null,
  )
  const upstream = await planWebhooks(options, env['PUSHCTL_WEBHOOK_SECRET'])
  const { engine, engineNote, plan } = await planShards(options, listeners)
  const notes = [...secrets.warnings, engineNote, ...plan.notes, ...upstream.notes]
  return {
    secrets,
    notes: notes.filter((line) => line != null),
    nodeOptions: {
      name: options.nodeName,
      version: packageVersion(),
      listeners,
      shardCount: plan.shardCount,
      shardKind: plan.shardKind,
      portPerShard: options.portPerShard,
      engine,
      connectionsMax: plan.connectionsMax,
      rowsPerShard: plan.rowsPerShard,
      backlog: options.backlog,
      limits: {
        frameBytesMax: options.frameBytesMax,
        handshakeMs: options.handshakeMs,
        sendQueueBytesMax: options.sendQueueBytesMax,
        bufferedBytesMax: options.bufferedBytesMax,
      },
      heartbeatSecondsMin: Math.ceil(options.heartbeatMs.min / 1000),
      heartbeatSecondsMax: Math.ceil(options.heartbeatMs.max / 1000),
      resumeGraceMs: options.resumeGraceMs,
      strictPlacement: options.strictPlacement,
      broadcastPerSecond: options.broadcastPerSecond,
      log: { entriesMax: options.broadcastsMax, bytesMax: options.broadcastBytesMax },
      guard,
      verifyDevice: deviceAuth ? deviceAuth.verify : null,
      payloadKeys: secrets.payloadKeys,
      webhooks: upstream.webhooks,
    },
  }
}

/** All faults at once: of the listeners, and of what they leave open. */
async function refuse(
  options: ServeOptions,
  listeners: readonly ShardListener[],
  faults: readonly PushctlError[],
  hasDeviceAuth: boolean,
  hasAdminToken: boolean,
): Promise<void> {
  const { refuseOpenListeners } = await import('../server/auth/listen-policy.ts')
  const open = refuseOpenListeners(
    [
      ...listeners.map(({ carrier, host, port }) => ({ kind: carrier, host, port })),
      { kind: 'http' as const, ...options.http },
    ],
    { hasDeviceAuth, hasAdminToken, insecure: options.insecure },
  )
  const all = open ? [...faults, open] : faults
  if (all.length === 1) throw all[0]
  if (all.length > 1) throw new ConfigFaults(all)
}

async function planShards(
  options: ServeOptions,
  listeners: readonly ShardListener[],
): Promise<{ engine: 'epoll' | 'node'; engineNote: string | null; plan: NodePlan }> {
  const [{ planNode }, { chooseEngine }, { readDescriptorLimit }, os, reuse, host] =
    await Promise.all([
      import('../server/node-plan.ts'),
      import('../engine/create-engine.ts'),
      import('../engine/descriptor-limit.ts'),
      import('node:os'),
      import('../engine/node-listen-errors.ts'),
      import('../stats/capacity/host-capacity.ts'),
    ])
  const needsTls = listeners.some((listener) => listener.tls)
  const chosen = needsTls ? { kind: 'node' as const, why: 'TLS' } : chooseEngine(options.engine)
  const plan = planNode({
    cores: os.availableParallelism(),
    descriptorsPerProcess: readDescriptorLimit(),
    engine: chosen.kind,
    canReusePort:
      options.portPerShard || chosen.kind === 'epoll' || reuse.hasReusePort(process.versions.node),
    shards: options.shards,
    shardKind: options.shardKind,
    connectionsMax: options.connectionsMax,
    capacity: host.readHostCapacity(),
  })
  const engineNote = chosen.why === '' ? null : `using the ${chosen.kind} engine: ${chosen.why}`
  return { engine: chosen.kind, engineNote, plan }
}

export interface SecretsRead extends Secrets {
  /** Files that others on this host may read. */
  readonly warnings: readonly string[]
}

/** What the files hold now. Throws PushctlError where one cannot be read or holds no secret. */
export async function readSecrets(
  options: ServeOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SecretsRead> {
  const { readAdminTokens } = await import('../server/auth/admin-grants.ts')
  const admin = await readAdminTokens({
    file: options.adminTokenFile,
    environment: env['PUSHCTL_ADMIN_TOKEN'],
  })
  const deviceAuth = await readDeviceAuth(options.authSecretFile, options.clockSkewMs)
  const payloads = await readPayloadKeysOf(options.payloadKeyFile)
  const all = [admin?.warning, deviceAuth?.warning, payloads.warning]
  const warnings = all.filter((line) => line != null)
  return { adminToken: admin?.token ?? null, deviceAuth, payloadKeys: payloads.keys, warnings }
}

async function readPayloadKeysOf(file: string | undefined): Promise<PayloadKeyFile> {
  if (file === undefined) return { keys: [], warning: null }
  const { readPayloadKeys } = await import('../server/payload/payload-key-file.ts')
  return readPayloadKeys(file)
}

async function readDeviceAuth(secretFile: string | undefined, clockSkewMs: number) {
  if (secretFile === undefined) return null
  const { createDeviceAuth } = await import('../server/auth/device-auth.ts')
  return createDeviceAuth(secretFile, clockSkewMs)
}
