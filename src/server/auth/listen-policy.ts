/**
 * A node without authentication may listen on loopback only: beyond it, whoever reaches the port
 * could be any device, or push to all of them. Each listener is judged by what protects it; the
 * HTTP listener by the admin token, the others by device authentication. --insecure is the user's
 * word that something else protects them.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { isLoopbackHost } from './loopback-host.ts'

export interface PlannedListener {
  readonly kind: 'tcp' | 'ws' | 'http'
  readonly host: string
  readonly port: number
}

export interface ListenProtection {
  readonly hasDeviceAuth: boolean
  readonly hasAdminToken: boolean
  readonly insecure: boolean
}

/**
 * The error that `serve` ends with (PUSHCTL_INSECURE_LISTEN, exit 2), or null where every listener
 * may open.
 */
export function refuseOpenListeners(
  listeners: readonly PlannedListener[],
  protection: ListenProtection,
): PushctlError | null {
  if (protection.insecure) return null
  const open = listeners.filter((listener) => isOpen(listener, protection))
  if (open.length === 0) return null
  const message =
    'listening beyond loopback needs authentication or --insecure, got ' +
    open.map((listener) => `${flagOf(listener)} without ${needOf(listener)}`).join(', ')
  return new PushctlError('PUSHCTL_INSECURE_LISTEN', message, {
    why: 'anyone who reaches such a port could connect as any device, or push to all of them',
    tries: [
      `add ${[...new Set(open.map(needOf))].join(' and ')}`,
      `or listen on loopback: ${open.map(loopbackFlagOf).join(' ')}`,
      'or add --insecure, where a firewall or a proxy keeps strangers out',
    ],
  })
}

function isOpen({ kind, host }: PlannedListener, protection: ListenProtection): boolean {
  if (isLoopbackHost(host)) return false
  return kind === 'http' ? !protection.hasAdminToken : !protection.hasDeviceAuth
}

function needOf({ kind }: PlannedListener): string {
  return kind === 'http' ? '--admin-token-file' : '--auth-secret-file'
}

function flagOf({ kind, host, port }: PlannedListener): string {
  return `--${kind} ${host.includes(':') ? `[${host}]` : host}:${port}`
}

function loopbackFlagOf(listener: PlannedListener): string {
  return flagOf({ ...listener, host: '127.0.0.1' })
}
