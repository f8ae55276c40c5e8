/**
 * Whether a Redis can carry a cluster, from what it says of itself (INFO): asked before a node
 * joins, because what is wrong here would lose stored pushes later.
 */
import { refused } from './cluster-error.ts'

const MAJOR_MIN = 7

export interface ServerText {
  readonly version: string
  readonly isValkey: boolean
  readonly mode: string
  readonly role: string
  readonly policy: string
  readonly isPersistent: boolean
}

export function parseServerText(text: string): ServerText {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const valkey = fields.get('valkey_version')
  return {
    version: valkey ?? fields.get('redis_version') ?? '',
    isValkey: valkey !== undefined,
    mode: fields.get('redis_mode') ?? fields.get('server_mode') ?? 'standalone',
    role: fields.get('role') ?? 'master',
    policy: fields.get('maxmemory_policy') ?? 'noeviction',
    isPersistent:
      fields.get('aof_enabled') === '1' || Number(fields.get('rdb_last_save_time') ?? 0) > 0,
  }
}

/** Throws PUSHCTL_CLUSTER_REFUSED; returns what the operator should know. */
export function checkServers(
  texts: readonly string[],
  isPartitioned: boolean,
  name: string,
): readonly string[] {
  const notes = new Set<string>()
  for (const server of texts.map(parseServerText)) {
    checkServer(server, isPartitioned, name)
    if (!server.isPersistent) {
      notes.add('stored pushes end with Redis: it keeps no append-only file (appendonly yes)')
    }
  }
  return [...notes]
}

function checkServer(server: ServerText, isPartitioned: boolean, name: string): void {
  const { version, isValkey, mode, role, policy } = server
  const major = Number.parseInt(version, 10)
  if (!(major >= MAJOR_MIN)) {
    const got = `${isValkey ? 'Valkey' : 'Redis'} ${version || 'of no version'}`
    throw refused(
      `expected Redis 7.0 or newer, or Valkey, at ${name}, got ${got}`,
      ['a newer Redis or Valkey'],
      'nodes talk over sharded channels, which 7.0 brought',
    )
  }
  if (mode === 'cluster' && !isPartitioned) {
    throw refused(`expected a single Redis at ${name}, got a member of a Redis Cluster`, [
      `--cluster ${name.replace(/^(rediss?):/, '$1+cluster:')}`,
    ])
  }
  if (role !== 'master') {
    throw refused(`expected a Redis that takes writes at ${name}, got a replica`, [
      'the address of its master',
      '--cluster redis+sentinel://… finds the master by itself',
    ])
  }
  if (policy !== 'noeviction') {
    throw refused(
      `expected maxmemory-policy noeviction at ${name}, got ${policy}`,
      ['redis-cli CONFIG SET maxmemory-policy noeviction', 'maxmemory-policy in redis.conf'],
      'a Redis that is full would drop inboxes and cursors without a word',
    )
  }
}
