/** What people are told when the node engine cannot listen. */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { ListenOptions } from './socket-engine.ts'

/**
 * First releases with net.Server.listen({ reusePort }): v22.12.0 and v23.1.0 (Node.js docs, net).
 */
export function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return (major === 22 && minor >= 12) || (major === 23 && minor >= 1) || major > 23
}

export function requireReusePort(): void {
  const { node } = process.versions
  if (hasReusePort(node)) return
  throw new PushctlError(
    'PUSHCTL_ENGINE_UNAVAILABLE',
    `several shards on one port with the node engine need Node 22.12 or newer, got ${node}`,
    {
      why: 'older releases cannot set SO_REUSEPORT, by which the kernel spreads connections',
      tries: [
        'run with Node 22.12 or newer',
        'run with --engine epoll (Linux, plain TCP)',
        'run with one shard',
      ],
    },
  )
}

export function listenErrorFrom(cause: NodeJS.ErrnoException, options: ListenOptions): Error {
  const place = `${options.host}:${options.port}`
  switch (cause.code) {
    case 'EADDRINUSE':
      return new PushctlError(
        'PUSHCTL_ADDRESS_IN_USE',
        `expected ${place} to be free, it is in use`,
        {
          tries: [`find who listens there: ss -ltnp 'sport = :${options.port}'`],
          cause,
        },
      )
    case 'EADDRNOTAVAIL':
      return new PushctlError(
        'PUSHCTL_ADDRESS_UNAVAILABLE',
        `expected an address of this host to listen on, got ${options.host}`,
        { tries: ['list the addresses of this host: ip -brief address'], cause },
      )
    case 'EACCES':
      return new PushctlError('PUSHCTL_PRIVILEGE', `not allowed to listen on ${place}`, {
        why: 'ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE',
        tries: ['listen on port 1024 or above'],
        cause,
      })
    default:
      return cause
  }
}
