/**
 * Where the Redis of a cluster is, from one URL: a single server, servers behind Sentinel, or a
 * Redis Cluster. Names of schemes are those that other clients use, with the kind in front.
 *
 *   redis://[user:password@]host[:port][/db]             rediss:// with TLS
 *   redis+sentinel://[user:password@]h1[:p],h2[:p]/master[/db]
 *   redis+cluster://[user:password@]h1[:p],h2[:p]
 */
import { PushctlError } from '../errors/pushctl-error.ts'

export interface RedisHost {
  readonly host: string
  readonly port: number
}

/** PEM texts; without `ca` the authorities that Node knows are trusted. */
export interface RedisTls {
  readonly ca?: string
  /** Of this client, where Redis demands one; with its key. */
  readonly cert?: string
  readonly key?: string
}

/** What stands in no URL. */
export interface RedisCredentials {
  /** '' where there is none. */
  readonly password: string
  readonly tls: RedisTls
}

export interface ClusterAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly hosts: readonly RedisHost[]
  /** null: in the clear. */
  readonly tls: RedisTls | null
  readonly username: string
  /** Never printed: see addressName(). */
  readonly password: string
  /** Name of the group that Sentinel watches; '' for the other kinds. */
  readonly master: string
  readonly db: number
}

const PORT = 6379
const SENTINEL_PORT = 26_379
const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/@]*)@)?([^/@]+)(?:\/(.*))?$/

const NO_CREDENTIALS: RedisCredentials = { password: '', tls: {} }

/** Throws PUSHCTL_CONFIG. A password in the URL wins over the other. */
export function parseClusterAddress(
  url: string,
  { password, tls }: RedisCredentials = NO_CREDENTIALS,
): ClusterAddress {
  const match = SHAPE.exec(url)
  if (match === null) throw badAddress('expected redis://, redis+sentinel:// or redis+cluster://')
  const [, scheme, kindText, credentials = '', hostsText, path = ''] = match
  const kind = (kindText ?? 'single') as ClusterAddress['kind']
  const colon = credentials.indexOf(':')
  const username = colon < 0 ? credentials : credentials.slice(0, colon)
  const given = colon < 0 ? '' : decode(credentials.slice(colon + 1))
  const parts = path.split('/').filter((part) => part !== '')
  const master = kind === 'sentinel' ? decode(parts.shift() ?? '') : ''
  const db = kind === 'cluster' || parts.length === 0 ? 0 : Number(parts.shift())
  const hosts = hostsText.split(',').map((text) => hostOf(text, kind))
  if (kind === 'sentinel' && master === '') {
    throw badAddress('expected the name of the master behind the hosts, …/mymaster')
  }
  if (kind === 'single' && hosts.length !== 1) {
    throw badAddress('expected one host; several are redis+sentinel:// or redis+cluster://')
  }
  if (parts.length > 0 || !(Number.isInteger(db) && db >= 0)) {
    throw badAddress('expected nothing but a database number at the end')
  }
  const isSecure = scheme === 'rediss'
  if (!isSecure && Object.keys(tls).length > 0) {
    throw badAddress(`expected rediss${url.slice(5, url.indexOf(':'))}:// with files of TLS`)
  }
  return {
    ...{ kind, hosts, master, db },
    tls: isSecure ? tls : null,
    username: decode(username),
    password: given === '' ? password : given,
  }
}

/** For messages and logs: without user and password. */
export function addressName({ kind, hosts, tls, master }: ClusterAddress): string {
  const scheme = `${tls === null ? 'redis' : 'rediss'}${kind === 'single' ? '' : `+${kind}`}`
  const list = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  return `${scheme}://${list.join(',')}${master === '' ? '' : `/${master}`}`
}

function hostOf(text: string, kind: ClusterAddress['kind']): RedisHost {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[3] ?? (kind === 'sentinel' ? SENTINEL_PORT : PORT))
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port < 1 || port > 65_535) {
    throw badAddress('expected host or host:port, with brackets around IPv6')
  }
  return { host, port }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badAddress('expected percent-encoding in user, password and names')
  }
}

/** What was got is not repeated: it may hold a password. */
function badAddress(rule: string): PushctlError {
  return new PushctlError('PUSHCTL_CONFIG', `--cluster: ${rule}`, {
    tries: [
      '--cluster redis://127.0.0.1:6379',
      '--cluster redis+sentinel://10.0.0.1,10.0.0.2/mymaster',
      '--cluster redis+cluster://10.0.0.1,10.0.0.2',
    ],
  })
}
