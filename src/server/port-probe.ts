/**
 * Says that a port is in use before shards share it. With SO_REUSEPORT the kernel would let a
 * second node of the same user join the first one's port, and each would get half of the devices; a
 * bind without it is refused.
 */
import { createServer } from 'node:net'
import { PushctlError } from '../errors/pushctl-error.ts'

export async function assertPortsFree(
  listeners: readonly { readonly host: string; readonly port: number }[],
): Promise<void> {
  for (const { host, port } of listeners) if (port !== 0) await probe(host, port)
}

function probe(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(inUse(host, port))
      // Whatever else is wrong, the shard that listens says it better.
      else resolve()
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })
}

function inUse(host: string, port: number): PushctlError {
  return new PushctlError(
    'PUSHCTL_ADDRESS_IN_USE',
    `expected a free port, ${host}:${port} is in use`,
    { tries: [`ss -Htlnp 'sport = :${port}'   (shows who listens there)`, 'another port'] },
  )
}
