/**
 * A node under load whose disk stands still: a file system of its own, frozen, so it runs only
 * where this process may mount one.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DevicePeer } from '../server/device-peer.ts'
import { canLoop, LoopDisk } from './fixtures/loop-disk.ts'
import { ServeProcess, until } from './serve-process.ts'

const BLOCK = 'x'.repeat(60_000)
/** 60 MB of the 64 MiB that may wait. */
const MANY = Array.from({ length: 1_000 }, (_, i) => `device-${i}`)

if (!canLoop) console.warn('a slow store is not tested: this process may not freeze a disk')

describe.skipIf(!canLoop)('a node whose disk stands still', () => {
  let disk: LoopDisk
  let node: ServeProcess
  let device: DevicePeer | undefined

  beforeEach(async () => {
    disk = new LoopDisk(512)
    const words = ['--data-dir', join(disk.folder, 'store'), '--shards', '1']
    node = await ServeProcess.start(...words, '--log-format', 'json')
  })
  afterEach(async () => {
    device?.destroy()
    disk.thaw()
    await node.kill()
    disk.remove()
  })

  async function push(to: readonly string[] | 'all', payload: string, qos: number) {
    const answer = await fetch(node.url('/v1/push'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to, payload, ...(qos === 0 ? {} : { qos }) }),
    })
    return { answer, body: (await answer.json()) as Record<string, unknown> }
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(node.url('/metrics'))).text()
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)![1])
  }

  const told = (event: string) =>
    node.stderr.split('\n').filter((line) => line.includes(`"event":"${event}"`))

  it('holds stored pushes back, refuses those over its limit, and serves everything else', async () => {
    const ports = { tcpPort: Number(node.tcp.split(':').at(-1)), wsPort: 0 }
    device = await DevicePeer.join('tcp', ports, 'device-0', { flags: 2 })
    expect((await push(['device-0'], 'before', 1)).answer.status).toBe(202)
    await device.until('MSG')
    disk.freeze()
    const answered: string[] = []
    const waiting = [push(['device-0'], 'first', 1), push(MANY, BLOCK, 1)].map((pushed, i) =>
      pushed.then(({ answer }) => answered.push(`${i} ${answer.status}`)),
    )
    await until(async () => (await metric('pushctl_store_unwritten_bytes')) > 59e6)

    const { answer, body } = await push(MANY.slice(0, 200), BLOCK, 1)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(body).toMatchObject({ code: 'unavailable' })
    expect(body['detail']).toContain('64 MiB wait to be written already')
    const broadcasts = await Promise.all(
      Array.from({ length: 160 }, () => push('all', BLOCK, 1).then((it) => it.answer.status)).map(
        (status) => Promise.race([status, new Promise((resolve) => setTimeout(resolve, 2_000))]),
      ),
    )
    expect(new Set(broadcasts)).toEqual(new Set([503, undefined]))

    expect((await push(['device-0'], 'qos 0', 0)).answer.status).toBe(202)
    await device.until('MSG', 2)
    expect(device.of('MSG').at(-1)).toMatchObject({ payload: 'qos 0', seq: 0 })
    device.send({ type: 'PING' })
    await device.until('PONG')
    const late = await DevicePeer.join('tcp', ports, 'late', { flags: 2 })
    late.destroy()
    expect(answered).toEqual([])
    await until(() => told('store-slow').length > 0)
    expect(JSON.parse(told('store-slow')[0]!)).toMatchObject({ level: 'warn' })
    expect(await metric('pushctl_store_stalled_seconds')).toBeGreaterThan(1)
    expect(await metric('pushctl_store_failing')).toBe(0)

    disk.thaw()
    await Promise.all(waiting)
    expect(answered.toSorted()).toEqual(['0 202', '1 202'])
    await until(async () => (await metric('pushctl_store_unwritten_bytes')) === 0)
    await until(async () => (await metric('pushctl_store_stalled_seconds')) === 0)
    await until(() => told('store-fast').length > 0)
    expect((await push(['device-0'], 'after', 1)).answer.status).toBe(202)
    expect(node.stderr).not.toContain('xxxxxxxxxx')
  }, 60_000)
})
