/** Asks a server of a test one thing, as redis-cli would; here because Valkey has another name for it. */
import { Redis } from 'ioredis'
import type { RunningRedis } from './redis-server.ts'

/** The answer; what Redis refuses is thrown. */
export async function ask(
  { port, tls, password = '' }: Pick<RunningRedis, 'port' | 'tls'> & { password?: string },
  command: string,
  ...words: (string | number)[]
): Promise<unknown> {
  const place = { host: '127.0.0.1', port, ...(tls === undefined ? {} : { tls }) }
  const client = new Redis({
    ...place,
    ...(password === '' ? {} : { password }),
    lazyConnect: true,
    retryStrategy: null,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(command, ...words)
  } finally {
    client.disconnect()
  }
}
