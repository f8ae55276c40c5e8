/**
 * What a TARGET word means: a carrier and an address. Later protocols add a scheme here and a
 * driver file beside this one.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { PushctlError } from '../../errors/pushctl-error.ts'

export type Carrier = 'push-tcp' | 'push-websocket'

export interface TargetAddress {
  /** As it is shown in messages and reports. */
  readonly url: string
  readonly carrier: Carrier
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** Request path of a WebSocket, "" for TCP. */
  readonly path: string
}

/**
 * A target whose name was looked up: `address` is what is connected to, `host` what is asked for.
 */
export interface ResolvedTarget extends TargetAddress {
  readonly address: string
}

const CARRIERS: Readonly<Record<string, Carrier>> = {
  'tcp:': 'push-tcp',
  'ws:': 'push-websocket',
}
const SHOWN_SCHEMES = 'tcp://host:port or ws://host:port/path'

/** @throws PushctlError PUSHCTL_USAGE for what is no target. */
export function parseTarget(text: string): TargetAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  const carrier = url ? CARRIERS[url.protocol] : undefined
  if (!url || !carrier) throw badTarget(text, `a target is ${SHOWN_SCHEMES}, got "${text}"`)
  const isWebSocket = carrier === 'push-websocket'
  const port = url.port === '' && isWebSocket ? 80 : Number(url.port)
  if (url.hostname === '' || port < 1) {
    throw badTarget(text, `a target needs a host and a port, got "${text}"`)
  }
  if (!isWebSocket && url.pathname !== '' && url.pathname !== '/') {
    throw badTarget(text, `a tcp:// target has no path, got "${text}"`)
  }
  return {
    url: text,
    carrier,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    path: isWebSocket ? `${url.pathname || '/'}${url.search}` : '',
  }
}

/** @throws PushctlError PUSHCTL_TARGET_UNREACHABLE when the name has no address. */
export async function resolveTarget(target: TargetAddress): Promise<ResolvedTarget> {
  if (isIP(target.host) !== 0) return { ...target, address: target.host }
  try {
    const { address } = await lookup(target.host)
    return { ...target, address }
  } catch (cause) {
    throw new PushctlError(
      'PUSHCTL_TARGET_UNREACHABLE',
      `the name "${target.host}" of target ${target.url} has no address`,
      { why: (cause as Error).message, tries: ['give an IP address in the target'], cause },
    )
  }
}

export function isLoopback(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === '::1' || address === '::ffff:127.0.0.1'
}

/** host:port as people write it, with brackets around IPv6. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function badTarget(text: string, message: string): PushctlError {
  const guess = /^[\w.-]+:\d+$/.test(text) ? [`pushctl bench tcp://${text}`] : []
  return new PushctlError('PUSHCTL_USAGE', message, {
    tries: [...guess, 'pushctl bench   (no target: starts a node of its own)'],
  })
}
