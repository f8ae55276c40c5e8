/** From --tcp, --ws, --cert and --key to the listeners of a node; every fault of them at once. */
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import type { Address, OptionsOf } from '../config/option-table.ts'
import { checkOptionValue } from '../config/option-value.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { ListenerCarrier, ShardListener } from '../server/shard-messages.ts'
import type { SERVE_OPTIONS } from './serve-options.ts'

type ServeOptions = OptionsOf<typeof SERVE_OPTIONS>

const DEFAULTS: readonly [ListenerCarrier, string][] = [
  ['tcp', '127.0.0.1:7000'],
  ['ws', '127.0.0.1:7001'],
]
const SCHEMES = { tcp: ['tcp://', 'tls://'], ws: ['ws://', 'wss://'] } as const

export interface PlannedListeners {
  readonly listeners: readonly ShardListener[]
  readonly faults: readonly PushctlError[]
}

/** Resolves host names, and reads the certificate files where a listener needs them. */
export async function planListeners(options: ServeOptions): Promise<PlannedListeners> {
  const faults: PushctlError[] = []
  const asked: [ListenerCarrier, string][] = [
    ...options.tcp.map((text): [ListenerCarrier, string] => ['tcp', text]),
    ...options.ws.map((text): [ListenerCarrier, string] => ['ws', text]),
  ]
  const words = asked.length > 0 ? asked : DEFAULTS
  const needsTls = words.some(([carrier, text]) => isSecure(carrier, text))
  const tls = needsTls ? readTls(options, faults) : undefined
  const listeners: ShardListener[] = []
  for (const [carrier, text] of words) {
    const address = await addressOf(carrier, text, faults)
    if (!address) continue
    listeners.push({ carrier, ...address, ...(tls && isSecure(carrier, text) ? { tls } : {}) })
  }
  if (needsTls && options.engine === 'epoll') {
    faults.push(
      new PushctlError('PUSHCTL_CONFIG', '--engine must be auto or node with TLS, got "epoll"', {
        why: 'the epoll engine speaks plain TCP only',
        tries: ['--engine auto'],
      }),
    )
  }
  return { listeners, faults }
}

function isSecure(carrier: ListenerCarrier, text: string): boolean {
  return text.startsWith(SCHEMES[carrier][1])
}

async function addressOf(
  carrier: ListenerCarrier,
  text: string,
  faults: PushctlError[],
): Promise<Address | null> {
  const scheme = SCHEMES[carrier].find((prefix) => text.startsWith(prefix)) ?? ''
  const bare = text.slice(scheme.length).replace(/\/$/, '')
  const row = { kind: 'address', flag: carrier, help: '' } as const
  const checked = checkOptionValue(row, bare)
  if (!checked.ok) {
    const forms = `host:port or ${SCHEMES[carrier][1]}host:port`
    const what = `--${carrier} must be ${forms}, got "${text}"`
    faults.push(new PushctlError('PUSHCTL_CONFIG', what, { tries: [`--${carrier} 127.0.0.1:0`] }))
    return null
  }
  const { host, port } = checked.value as Address
  try {
    return { host: (await lookup(host)).address, port }
  } catch {
    const what = `--${carrier} must name an address of this host, "${host}" is not known`
    faults.push(new PushctlError('PUSHCTL_ADDRESS_UNAVAILABLE', what))
    return null
  }
}

function readTls(
  options: ServeOptions,
  faults: PushctlError[],
): { cert: string; key: string } | undefined {
  const cert = readPem('--cert', options.cert, faults)
  const key = readPem('--key', options.key, faults)
  return cert !== null && key !== null ? { cert, key } : undefined
}

function readPem(flag: string, path: string | undefined, faults: PushctlError[]): string | null {
  if (path === undefined) {
    const what = `${flag} must be given with a TLS listener`
    faults.push(new PushctlError('PUSHCTL_CONFIG', what, { tries: [`${flag} FILE.pem`] }))
    return null
  }
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const what = `${flag} must be a readable file, got "${path}" (${reason})`
    faults.push(new PushctlError('PUSHCTL_FILE_UNREADABLE', what))
    return null
  }
}
