import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { ServeProcess, until } from './serve-process.ts'

const ADMIN_TOKEN = 'c3VmZmljaWVudGx5LWxvbmc='
/** Port 9 (discard) is served by nobody here. */
const NOBODY = '127.0.0.1:9'

function startTop(words: readonly string[]): { child: ChildProcess; text: () => string } {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const child = spawn(process.execPath, [bin, 'top', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  return { child, text: () => text }
}

async function runTop(...words: string[]): Promise<{ code: number; text: string }> {
  const { child, text } = startTop(words)
  const [code] = (await once(child, 'close')) as [number]
  return { code, text: text() }
}

describe('pushctl top', () => {
  let node: ServeProcess
  let guarded: ServeProcess
  let folder: string
  let tokenFile: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pushctl-top-'))
    tokenFile = join(folder, 'token')
    await writeFile(tokenFile, ADMIN_TOKEN, { mode: 0o600 })
    node = await ServeProcess.start('--node-name', 'push-a')
    guarded = await ServeProcess.start('--node-name', 'push-b', '--admin-token-file', tokenFile)
  })
  afterAll(async () => {
    await node?.kill()
    await guarded?.kill()
    await rm(folder, { recursive: true })
  })

  it('--once prints a line a node, says why one does not answer, and ends', async () => {
    const { code, text } = await runTop('--once', node.ready.http, NOBODY)
    expect(code).toBe(0)
    const [first, second, total] = text.trim().split('\n')
    expect(first).toMatch(/^[\d:]{8} {2}push-a {2}ready {2}connections 0 {2}devices 0 {2}/)
    expect(first).toMatch(/messages\/s 0 .* level 0 {2}shards (\d+)\/\1$/)
    expect(second).toContain(`${NOBODY}  no answer: nobody listens at http://${NOBODY}`)
    expect(total).toContain('total  1/2_up')
  })

  it('ends with 4 where no node answered', async () => {
    expect((await runTop('--once', '--interval', '200ms', NOBODY)).code).toBe(4)
  })

  it('asks with the admin token, and says what is wrong without it', async () => {
    const without = await runTop('--once', '--interval', '200ms', guarded.ready.http)
    expect(without).toMatchObject({
      code: 4,
      text: expect.stringContaining('it needs its admin token: --admin-token-file FILE'),
    })
    const words = ['--once', '--interval', '200ms', '--admin-token-file', tokenFile]
    const { code, text } = await runTop(...words, guarded.ready.http)
    expect([code, text.includes('push-b  ready')]).toEqual([0, true])
    expect(text).not.toContain(ADMIN_TOKEN)
  })

  it('--json is one document an interval, until Ctrl-C', async () => {
    const { child, text } = startTop(['--json', '--interval', '200ms', node.ready.http])
    await until(() => text().split('\n').length > 3)
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect(code).toBe(130)
    const documents = text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(documents.length).toBeGreaterThanOrEqual(3)
    for (const { schema, nodes } of documents) {
      expect([schema, nodes.length, nodes[0].name]).toEqual(['pushctl.top/1', 1, 'push-a'])
    }
    expect(documents[0].nodes[0].messagesPerSecond).toBeNull()
    expect(documents.at(-1).nodes[0].messagesPerSecond).toBe(0)
  })
})
