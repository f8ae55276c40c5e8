import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { hasRedis, REDIS_SERVER } from '../cluster/redis-server.ts'
import { canMakeNamespaces, TestNamespace } from '../doctor/live/test-namespace.ts'
import { reportFrom, startBench } from './bench-process.ts'
import { until } from './serve-process.ts'

// Four hosts as network namespaces on one bridge: Redis, two nodes, and the generator, each with an
// address of its own; what is cut is a route.

const REDIS = '198.51.100.1'
const [A, B, LOAD] = ['198.51.100.11', '198.51.100.12', '198.51.100.21']
const BIN = join(packageRoot(), 'bin', 'pushctl.js')
const WAIT_MS_MAX = 45_000
const canRun = hasRedis && canMakeNamespaces()

describe.skipIf(!canRun)('a cluster whose nodes have networks of their own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-spaces-'))
  const children: ChildProcess[] = []
  const spaces: TestNamespace[] = []

  const startIn = async (space: TestNamespace, word: string, argv: string[]): Promise<void> => {
    const child = spawn('ip', ['netns', 'exec', space.name, ...argv], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    children.push(child)
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    await until(() => said.includes(word), WAIT_MS_MAX)
  }

  beforeAll(async () => {
    const hub = new TestNamespace()
    spaces.push(hub)
    hub.run('ip', 'link', 'add', 'bridge', 'type', 'bridge')
    hub.run('ip', 'address', 'add', `${REDIS}/24`, 'dev', 'bridge')
    hub.run('ip', 'link', 'set', 'bridge', 'up')
    for (const [index, address] of [A, B, LOAD].entries()) {
      const space = new TestNamespace()
      spaces.push(space)
      hub.run('ip', 'link', 'add', `host${index}`, 'type', 'veth', 'peer', 'name', 'out')
      hub.run('ip', 'link', 'set', 'out', 'netns', space.name)
      hub.run('ip', 'link', 'set', `host${index}`, 'master', 'bridge', 'up')
      space.run('ip', 'address', 'add', `${address}/24`, 'dev', 'out')
      space.run('ip', 'link', 'set', 'out', 'up')
    }
    const open = ['--bind', REDIS, '--protected-mode', 'no', '--save', '', '--dir', folder]
    await startIn(hub, 'Ready to accept', [REDIS_SERVER, '--port', '6379', ...open])
    for (const [index, address] of [A, B].entries()) {
      const at = (port: number) => `${address}:${port}`
      const words = ['--json', '--tcp', at(7101), '--ws', at(7102), '--http', at(7103)]
      words.push('--insecure', '--shards', '1', '--log-level', 'error', '--node-name', address)
      words.push('--cluster', `redis://${REDIS}:6379`, '--cluster-lease', '3s')
      await startIn(spaces[1 + index]!, '"ready"', [process.execPath, BIN, 'serve', ...words])
    }
  }, 60_000)

  afterAll(async () => {
    for (const child of children.reverse()) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    for (const space of spaces.toReversed()) await space.end()
    rmSync(folder, { recursive: true })
  })

  /** Status of an answer of a node, as seen from its own host; 0: it gave none. */
  const statusIn = (index: number, script: string): number =>
    Number(
      spaces[index]!.run(process.execPath, '-e', `${script}.then((a) => console.log(a.status))`),
    )

  it('loses nothing under load when one of them is cut off from Redis and comes back', async () => {
    const load = ['--mode', 'unicast', '--qos', '1', '-c', '60', '-R', '100', '-d', '14s']
    const words = [...load, '--publish', `http://${B}:7103`, `tcp://${A}:7101`, `tcp://${B}:7101`]
    const under = ['ip', 'netns', 'exec', spaces[3]!.name]
    const run = startBench([...words, '--warmup', '0s', '--json'], under)
    let said = ''
    run.child.stderr!.on('data', (text: string) => (said += text))
    await until(() => said.includes('steady'), WAIT_MS_MAX)
    const onA = spaces[1]!
    onA.run('ip', 'route', 'add', 'blackhole', `${REDIS}/32`)
    const ready = `fetch('http://${A}:7103/readyz')`
    await until(() => statusIn(1, ready) === 503, WAIT_MS_MAX)
    const push = `{ to: ['someone'], payload: 'x', qos: 1 }`
    const post = `fetch('http://${A}:7103/v1/push', { method: 'POST',
      headers: { 'content-type': 'application/json' }, body: JSON.stringify(${push}) })`
    expect(statusIn(1, post)).toBe(503)
    onA.run('ip', 'route', 'delete', 'blackhole', `${REDIS}/32`)
    await until(() => statusIn(1, ready) === 200, WAIT_MS_MAX)
    const report = reportFrom(await run.ended)
    expect(report.connections).toMatchObject({ established: 60, failed: 0, alive_at_end: 60 })
    const { planned, sent, expected, received, lost } = report.messages
    expect({ planned, sent, expected, received, lost }).toEqual({
      planned: 1_400,
      sent: 1_400,
      expected: 1_400,
      received: 1_400,
      lost: 0,
    })
  }, 120_000)
})
