/** A Redis behind Sentinel whose master dies under pushes: the nodes find the next one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort, hasRedis, REDIS_SERVER, type RunningRedis, startRedis } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX, WAIT_MS_MAX } from './fixtures/cluster-stage.ts'
import { untilSettled } from './fixtures/roaming-device.ts'
import { until } from './serve-process.ts'

let stage: ClusterStage | undefined
let replica: RunningRedis | undefined
let sentinel: ChildProcess | undefined
let folder = ''

afterEach(async () => {
  await stage?.close()
  await replica?.remove()
  sentinel?.kill('SIGKILL')
  if (folder !== '') await rm(folder, { recursive: true })
})

/** One Sentinel that decides alone, and soon; resolves to its port. */
async function startSentinel(masterPort: number): Promise<number> {
  folder = await mkdtemp(join(tmpdir(), 'pushctl-sentinel-'))
  const port = await freePort()
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`],
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
  ]
  const file = join(folder, 'sentinel.conf')
  await writeFile(file, `${lines.join('\n')}\n`)
  let said = ''
  sentinel = spawn(REDIS_SERVER, [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] })
  sentinel.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  // A master without a known replica could not be replaced.
  await until(() => said.includes('+slave slave'), WAIT_MS_MAX)
  return port
}

describe.skipIf(!hasRedis)('Redis behind Sentinel', { timeout: STAGE_TEST_MS_MAX }, () => {
  it('may lose its master, and what that had not told its replica: pushes go on, none twice', async () => {
    stage = await ClusterStage.open()
    const { port } = stage.redis
    replica = await startRedis('--replicaof', '127.0.0.1', String(port))
    stage.url = `redis+sentinel://127.0.0.1:${await startSentinel(port)}/main`
    const [a, b] = await stage.start('a', 'b')
    const devices = await stage.devices(6)
    for (const device of devices) expect(await stage.push(device)).toBe(true)
    await untilSettled(devices)
    await stage.redis.stop()
    for (const through of [a, b]) {
      for (const device of devices) {
        await until(() => stage!.push(device, through), WAIT_MS_MAX)
      }
    }
    await untilSettled(devices)
    await stage.untilReady()
    expect(devices.flatMap(({ byes }) => byes)).toEqual([])
    const { status, document } = await stage.cluster('status')
    expect([status, document.total]).toEqual([0, expect.objectContaining({ ready: 2 })])
  })
})
