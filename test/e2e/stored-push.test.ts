/**
 * Stored pushes through the built command line: a node that is killed and started again on its
 * folder.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { ServeProcess, until } from './serve-process.ts'

let folder: string
const running: ServeProcess[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pushctl-stored-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.kill()))
})
afterAll(() => rm(folder, { recursive: true }))

async function serve(): Promise<ServeProcess> {
  const node = await ServeProcess.start('--data-dir', folder)
  running.push(node)
  return node
}

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function pushctl(...words: readonly string[]): Promise<Ended> {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

function listen(node: ServeProcess, count: number): Promise<Ended> {
  const words = ['--device', 'phone', '--count', String(count), '--json']
  return pushctl('listen', `tcp://${node.tcp}`, ...words)
}

const seqsOf = ({ out }: Ended) =>
  out
    .trim()
    .split('\n')
    .map((line) => {
      const { seq, payload } = JSON.parse(line)
      return `${seq} ${payload}`
    })

async function pendingOf(node: ServeProcess): Promise<number> {
  return (await node.describe()).store!.messagesPending
}

it('a push to an offline device outlives the node, is delivered once it is back, acked, and gone', async () => {
  let node = await serve()
  const url = () => `http://${node.ready.http}`
  const push = (text: string, ...more: readonly string[]) =>
    pushctl('push', '--node', url(), '--to', 'phone', '--qos', '1', ...more, text)
  expect(await push('one', '--id', 'order-1')).toMatchObject({
    code: 0,
    out: expect.stringContaining('stored for 1 device, 0 online'),
  })
  await push('two')
  await node.kill()
  node = await serve()
  expect((await push('one', '--id', 'order-1')).code).toBe(0)
  expect(await pendingOf(node)).toBe(2)
  expect(seqsOf(await listen(node, 2))).toEqual(['1 one', '2 two'])
  await until(async () => (await pendingOf(node)) === 0)
  node.child.kill('SIGTERM')
  await node.ended
  node = await serve()
  expect(await pendingOf(node)).toBe(0)
  const waiting = push('three', '--wait', '--ttl', '1h')
  await until(async () => (await pendingOf(node)) === 1)
  expect(seqsOf(await listen(node, 1))).toEqual(['3 three'])
  expect(await waiting).toMatchObject({ code: 0, out: 'acked by 1 of 1\n' })
})

it('a second node on the same folder is refused, and a folder that cannot be is named', async () => {
  const node = await serve()
  const ports = ['--tcp', '127.0.0.1:0', '--ws', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const second = await pushctl('serve', ...ports, '--data-dir', folder)
  expect(second.code).toBe(3)
  expect(second.err).toContain(`--data-dir must be free, got ${folder}`)
  const third = await pushctl('serve', ...ports, '--data-dir', '/dev/null/store')
  expect(third.code).toBe(3)
  expect(third.err).toContain('--data-dir must be a folder that can be written')
  expect((await node.describe()).store).toMatchObject({ isDurable: true })
})
