/**
 * A real redis-server on a free port of loopback, for tests; it ends with them. Another one, for
 * instance a valkey-server, is named by PUSHCTL_TEST_REDIS_SERVER.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RunningRedis {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Where it speaks TLS: what a client needs. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
  /** Ends it at once; its data stays for start(). */
  stop(): Promise<void>
  /** Again on the same port, with its data or without. */
  start(options?: { readonly empty?: boolean }): Promise<void>
  /** Stops answering without closing anything, as a host that is cut off. */
  freeze(): void
  thaw(): void
  /** Ends it and removes its folder. */
  remove(): Promise<void>
}

export const REDIS_SERVER = process.env['PUSHCTL_TEST_REDIS_SERVER'] ?? 'redis-server'
export const hasRedis = spawnSync(REDIS_SERVER, ['--version']).status === 0
/** In Debian 13, and for Debian 12 among the backports. */
export const hasValkey = spawnSync('valkey-server', ['--version']).status === 0
export const NO_REDIS = 'redis-server is not installed'

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export function startRedis(...settings: readonly string[]): Promise<RunningRedis> {
  return startServer(REDIS_SERVER, settings)
}

export async function startServer(
  command: string,
  settings: readonly string[],
): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-redis-'))
  const port = await freePort()
  let child: ChildProcess
  const start = async ({ empty = false } = {}) => {
    if (empty) {
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
    }
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '']
    const files = ['--appendonly', 'yes', '--dir', folder, '--daemonize', 'no']
    child = spawn(command, [...words, ...files, ...settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await untilReady(child)
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0
    },
    start,
    stop,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async remove() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.includes('Ready to accept connections')) resolve()
    })
    child.once('exit', () => reject(new Error(`redis-server did not start: ${text}`)))
  })
}
