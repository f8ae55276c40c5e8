/**
 * What a TARGET word means: a carrier and an address. Later protocols add a scheme here and a
 * driver file beside this one.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { TargetTls } from './target-tls.ts'
import { DEFAULT_WIRE, type TargetProtocol, type WireSettings } from './wire-settings.ts'

export type Carrier =
  | 'push-tcp'
  | 'push-websocket'
  | 'websocket'
  | 'socket-io'
  | 'mqtt'
  | 'sse'
  | 'poll'

export interface TargetAddress {
  /** As it is shown in messages and reports; without credentials. */
  readonly url: string
  readonly carrier: Carrier
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  /** Request path of a WebSocket or of HTTP, may have {device} in it; "" for TCP. */
  readonly path: string
  /** Missing: plain. */
  readonly tls?: TargetTls
  /** What else was said of a target that does not speak the push protocol. */
  readonly wire?: WireSettings
}

/**
 * A target whose name was looked up: `address` is what is connected to, `host` what is asked for.
 */
export interface ResolvedTarget extends TargetAddress {
  readonly address: string
}

/** What TARGET words are read with. */
export interface TargetWishes {
  /** null: by the scheme. */
  readonly protocol: TargetProtocol | null
  readonly wire: WireSettings
  /** Of schemes with TLS; missing: the usual authorities. */
  readonly tls?: TargetTls
}

/** One row a scheme; the first protocol is meant where none is named. */
interface SchemeRow {
  readonly shown: string
  readonly carriers: Partial<Readonly<Record<TargetProtocol, Carrier>>>
  /** null: the port must be given. */
  readonly port: number | null
  readonly hasPath: boolean
}

const SCHEMES: Readonly<Record<string, SchemeRow>> = {
  'tcp:': {
    shown: 'tcp://host:port',
    carriers: { push: 'push-tcp' },
    port: null,
    hasPath: false,
  },
  'ws:': {
    shown: 'ws://host:port/path',
    carriers: { push: 'push-websocket', ws: 'websocket', socketio: 'socket-io' },
    port: 80,
    hasPath: true,
  },
  'sse+http:': {
    shown: 'sse+http://host:port/path',
    carriers: { sse: 'sse' },
    port: 80,
    hasPath: true,
  },
  'poll+http:': {
    shown: 'poll+http://host:port/path',
    carriers: { poll: 'poll' },
    port: 80,
    hasPath: true,
  },
  'mqtt:': { shown: 'mqtt://host:port', carriers: { mqtt: 'mqtt' }, port: 1883, hasPath: false },
}
/** The same over TLS. */
const SECURE_SCHEMES: Readonly<Record<string, readonly [plain: string, port: number | null]>> = {
  'tls:': ['tcp:', null],
  'wss:': ['ws:', 443],
  'sse+https:': ['sse+http:', 443],
  'poll+https:': ['poll+http:', 443],
  'mqtts:': ['mqtt:', 8883],
}
const SHOWN_SCHEMES = listOf(Object.values(SCHEMES).map(({ shown }) => shown))
const USUAL_TRUST: TargetTls = { ca: null, isVerified: true }
const TITLES = {
  websocket: 'WebSocket',
  'socket-io': 'Socket.IO',
  mqtt: 'MQTT',
  sse: 'server-sent events',
  poll: 'HTTP with answers that have a length',
} as const
const BY_SCHEME: TargetWishes = { protocol: null, wire: DEFAULT_WIRE }

/** @throws PushctlError PUSHCTL_USAGE for what is no target. */
export function parseTarget(text: string, wishes = BY_SCHEME): TargetAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  const secure = url ? SECURE_SCHEMES[url.protocol] : undefined
  const row = url ? SCHEMES[secure?.[0] ?? url.protocol] : undefined
  if (!url || !row) throw badTarget(text, `a target is ${SHOWN_SCHEMES}, got "${text}"`)
  const shown = shownUrl(text)
  const carrier = carrierOf(row, wishes.protocol, shown)
  const usualPort = secure === undefined ? row.port : secure[1]
  const port = url.port === '' ? (usualPort ?? 0) : Number(url.port)
  if (url.hostname === '' || port < 1) {
    throw badTarget(text, `a target needs a host and a port, got "${shown}"`)
  }
  if (!row.hasPath && url.pathname !== '' && url.pathname !== '/') {
    throw badTarget(text, `a ${url.protocol}// target has no path, got "${shown}"`)
  }
  return {
    url: shown,
    carrier,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    path: row.hasPath ? pathOf(url) : '',
    ...(secure === undefined ? {} : { tls: wishes.tls ?? USUAL_TRUST }),
    ...(isPush(carrier) ? {} : { wire: { ...wishes.wire, credentials: credentialsOf(url) } }),
  }
}

/** The protocol of a target as people call it. */
export function protocolTitle(carrier: Carrier): string {
  return isPush(carrier) ? 'the push protocol' : TITLES[carrier]
}

/** Whether a target speaks the push protocol. */
export function isPush(carrier: Carrier): carrier is 'push-tcp' | 'push-websocket' {
  return carrier === 'push-tcp' || carrier === 'push-websocket'
}

function carrierOf(row: SchemeRow, protocol: TargetProtocol | null, shown: string): Carrier {
  const carrier = protocol === null ? Object.values(row.carriers)[0] : row.carriers[protocol]
  if (carrier !== undefined) return carrier
  const fitting = Object.values(SCHEMES).filter(({ carriers }) => protocol! in carriers)
  const wanted = listOf(fitting.map((one) => one.shown))
  throw new PushctlError(
    'PUSHCTL_USAGE',
    `a target of protocol ${protocol} is ${wanted}, got "${shown}"`,
  )
}

/** Braces of placeholders are kept as they were typed; `new URL` escapes them. */
function pathOf(url: URL): string {
  return `${url.pathname || '/'}${url.search}`.replace(/%7B(\w+)%7D/gi, '{$1}')
}

function credentialsOf({ username, password }: URL): WireSettings['credentials'] {
  if (username === '') return null
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/** Passwords do not belong in reports. */
function shownUrl(text: string): string {
  return text.replace(/^(\w[\w+.-]*:\/\/)[^/@]*@/, '$1')
}

function listOf(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`
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
