/**
 * SIGHUP: reads flags, environment, config file and secret files again, and takes over what can
 * change while devices are connected. What cannot is named and stays as it is; where anything is
 * wrong, nothing changes at all.
 */
import type { OptionsOf } from '../config/option-table.ts'
import { ConfigFaults, PushctlError } from '../errors/pushctl-error.ts'
import type { PayloadKey } from '../protocol/payload-keys.ts'
import type { DeviceAuth } from '../server/auth/device-auth.ts'
import type { NodeLog } from '../server/log/node-log.ts'
import type { NodeTuning } from '../server/shard-tuning.ts'
import { SERVE_OPTIONS } from './serve-options.ts'

type ServeOptions = OptionsOf<typeof SERVE_OPTIONS>

/** What is read again at each use, or handed on at once. The files count by what they hold. */
const RELOADABLE: ReadonlySet<keyof ServeOptions> = new Set<keyof ServeOptions>([
  'logLevel',
  'drainPerSecond',
  'drainMs',
  'connectionsMax',
  'memoryBytesMax',
  'loopLagMsMax',
  'adminTokenFile',
  'authSecretFile',
  'payloadKeyFile',
  'heartbeatMs',
  'handshakeMs',
  'broadcastPerSecond',
  'connectsPerSecondMax',
  'deviceFramesPerSecond',
  'deviceBytesPerSecond',
  'devicePushesPerSecond',
  'addressConnectsPerSecond',
  'allow',
  'deny',
])

/** Secrets as they are in use; null where the node was started without. */
export interface Secrets {
  readonly adminToken: string | null
  readonly deviceAuth: DeviceAuth | null
  /** Masters; none where nothing is sealed. */
  readonly payloadKeys: readonly PayloadKey[]
}

export interface ReloadParts {
  readonly log: NodeLog
  readonly readOptions: () => Promise<ServeOptions>
  readonly readSecrets: (options: ServeOptions) => Promise<Secrets>
  /** Devices at one time that the tables of the node were made for. */
  readonly connectionsMaxAtStart: number
  /** Throws where a setting is wrong that only its user can judge. */
  readonly plan: (options: ServeOptions, secrets: Secrets) => NodeTuning
  readonly apply: (
    options: ServeOptions,
    secrets: Secrets,
    connectionsMax: number,
    tuning: NodeTuning,
  ) => void
}

export class ServeReload {
  readonly #parts: ReloadParts
  #options: ServeOptions
  #secrets: Secrets
  /** One at a time: the later one must win. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: ServeOptions, secrets: Secrets, parts: ReloadParts) {
    this.#options = options
    this.#secrets = secrets
    this.#parts = parts
  }

  /** Never rejects: what is wrong is logged. */
  run(): Promise<void> {
    this.#last = this.#last.then(() => this.#reload())
    return this.#last
  }

  async #reload(): Promise<void> {
    const { log, readOptions, readSecrets, plan, apply } = this.#parts
    try {
      const options = await readOptions()
      const secrets = await readSecrets(options)
      const connectionsMax = this.#connectionsMaxOf(options)
      this.#refuseOtherAccess(secrets)
      const { changed, kept } = this.#compare(options, secrets)
      // What takes a restart must not be told to shards that have it otherwise.
      const inUse = { ...options, ...this.#unchanged(kept) }
      const tuning = plan(inUse, secrets)
      apply(inUse, secrets, connectionsMax, tuning)
      this.#options = inUse
      this.#secrets = secrets
      this.#tell(changed, kept)
    } catch (error) {
      const faults = error instanceof ConfigFaults ? error.faults : [error]
      for (const fault of faults) {
        if (!(fault instanceof PushctlError)) {
          log.tellFailure('reload-refused', 'reading the settings again', fault)
        } else log.tell('reload-refused', `nothing was changed: ${fault.message}`)
      }
    }
  }

  #connectionsMaxOf({ connectionsMax }: ServeOptions): number {
    const { connectionsMaxAtStart } = this.#parts
    if (connectionsMax === undefined) return connectionsMaxAtStart
    if (connectionsMax <= connectionsMaxAtStart) return connectionsMax
    throw new PushctlError(
      'PUSHCTL_CONFIG',
      `max-connections must be at most ${connectionsMaxAtStart} without a restart, ` +
        `got ${connectionsMax}`,
    )
  }

  /** A reload replaces a secret; it neither opens a node that was closed nor closes an open one. */
  #refuseOtherAccess(secrets: Secrets): void {
    for (const [flag, before, now] of [
      ['admin-token-file', this.#secrets.adminToken, secrets.adminToken],
      ['auth-secret-file', this.#secrets.deviceAuth, secrets.deviceAuth],
    ] as const) {
      if ((before === null) === (now === null)) continue
      const what = before === null ? 'was started without' : 'was started with'
      throw new PushctlError('PUSHCTL_CONFIG', `${flag}: the node ${what}; that takes a restart`)
    }
  }

  #compare(options: ServeOptions, secrets: Secrets) {
    const keys = Object.keys(SERVE_OPTIONS) as (keyof ServeOptions)[]
    const differing = keys.filter((key) => textOf(options[key]) !== textOf(this.#options[key]))
    const changed = differing.filter((key) => RELOADABLE.has(key)).map(flagOf)
    if (secrets.adminToken !== this.#secrets.adminToken) changed.push('the admin token')
    if (keysText(secrets) !== keysText(this.#secrets)) changed.push('the payload keys')
    return { changed, kept: differing.filter((key) => !RELOADABLE.has(key)) }
  }

  /** What stays in use is what the next reload is compared with. */
  #unchanged(kept: readonly (keyof ServeOptions)[]): Partial<ServeOptions> {
    return Object.fromEntries(kept.map((key) => [key, this.#options[key]]))
  }

  #tell(changed: readonly string[], kept: readonly (keyof ServeOptions)[]): void {
    const { log } = this.#parts
    const what = changed.length === 0 ? 'no setting has changed' : `changed ${changed.join(', ')}`
    log.tell('reload', `settings read again: ${what}; secret files are in use as they are now`)
    if (kept.length === 0) return
    const flags = kept.map(flagOf).join(', ')
    log.tell('reload-refused', `these take a restart and stay as they are: ${flags}`)
  }
}

function keysText({ payloadKeys }: Secrets): string {
  return payloadKeys.map(({ number, key }) => `${number} ${key.join()}`).join()
}

function flagOf(key: keyof ServeOptions): string {
  return SERVE_OPTIONS[key].flag
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? ''
}
