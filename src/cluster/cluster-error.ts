/** The errors that a cluster can answer with, and what the words of Redis mean among them. */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { RedisHost } from './cluster-address.ts'

/** Redis cannot be asked now; nothing was accepted. */
export function unreachable(name: string, cause: unknown): PushctlError {
  const got = (cause as Error | undefined)?.message ?? String(cause)
  return new PushctlError(
    'PUSHCTL_CLUSTER_UNREACHABLE',
    `expected an answer of the cluster's Redis at ${name}, got: ${got}`,
    {
      why: 'stored pushes and the places of devices are kept there',
      tries: ['push again later; the node goes on by itself when Redis is back', 'redis-cli ping'],
      cause,
    },
  )
}

/** Redis can not be asked at the start, by a node or by a verb. */
export function notThere(name: string, { host, port }: RedisHost, cause: unknown): PushctlError {
  const got = (cause as Error | undefined)?.message ?? String(cause)
  return new PushctlError(
    'PUSHCTL_CLUSTER_UNREACHABLE',
    `expected an answer of the cluster's Redis at ${name}, got: ${got}`,
    { tries: [`redis-cli -h ${host} -p ${port} ping`, '--cluster, where Redis is'], cause },
  )
}

/** Redis answers, but cannot carry a cluster. */
export function refused(message: string, tries: readonly string[], why?: string): PushctlError {
  return new PushctlError('PUSHCTL_CLUSTER_REFUSED', message, {
    ...(why === undefined ? {} : { why }),
    tries,
  })
}

const ACL_COMMANDS =
  'ping info time client|setname eval evalsha script|load script|exists spublish ssubscribe get ' +
  'set del expire expireat hget hset hsetnx hmget hgetall hdel hincrby llen lrange lpop rpush ' +
  'xadd xrange'

/** Of an ACL user: all that nodes and verbs ask, and no more; docs/cluster.md says the same. */
export const ACL_RIGHTS = ['~PREFIX:*', '&PREFIX:*', ...rulesOf(ACL_COMMANDS)].join(' ')

/** Beyond those, on a Redis Cluster; the last one while slots move. */
export const ACL_CLUSTER_RIGHTS = rulesOf('cluster|info cluster|slots asking').join(' ')

function rulesOf(commands: string): string[] {
  return commands.split(' ').map((command) => `+${command}`)
}

/** Credentials and rights of the ACL user, as Redis words them. */
export function isRefusal(cause: unknown): boolean {
  const text = String((cause as Error | undefined)?.message ?? '')
  return /^(?:WRONGPASS|NOAUTH|NOPERM|DENIED|ERR AUTH|ERR invalid password)/.test(text)
}

export function credentialsRefused(name: string, cause: unknown): PushctlError {
  const { message } = cause as Error
  const isRight = message.startsWith('NOPERM')
  return refused(
    `expected the Redis at ${name} to let pushctl in, got: ${message}`,
    isRight
      ? [`ACL SETUSER name ${ACL_RIGHTS}`, `on a Redis Cluster also ${ACL_CLUSTER_RIGHTS}`]
      : [
          'the password as --cluster-password-file FILE or PUSHCTL_CLUSTER_PASSWORD',
          'the user as in --cluster redis://user@host:port',
        ],
    ...(isRight ? ['PREFIX is that of --cluster-prefix: pushctl where none is given'] : []),
  )
}
