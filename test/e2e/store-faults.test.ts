/**
 * A node whose disk fills up, or can not be written any more, while it is pushed to: disks of their
 * own, so these run only where this process may mount some.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DevicePeer } from '../server/device-peer.ts'
import { canLoop, LoopDisk } from './fixtures/loop-disk.ts'
import { canMount, SmallDisk } from './fixtures/small-disk.ts'
import { ServeProcess, until } from './serve-process.ts'

const BLOCK = 'x'.repeat(30_000)

if (!canMount || !canLoop) {
  console.warn('some store faults are skipped: this process may not mount such disks')
}

describe('a node under load whose disk fails', () => {
  let disk: SmallDisk | LoopDisk | undefined
  let node: ServeProcess
  /** What was accepted, by device. */
  let accepted: Map<string, string[]>
  let pushed: number

  beforeEach(() => {
    accepted = new Map()
    pushed = 0
  })
  afterEach(async () => {
    await node?.kill()
    disk?.remove()
    disk = undefined
  })

  async function startOn({ folder }: { readonly folder: string }): Promise<void> {
    const words = ['--data-dir', join(folder, 'store'), '--shards', '1']
    node = await ServeProcess.start(...words, '--log-format', 'json')
  }

  const told = (event: string) =>
    node.stderr.split('\n').filter((line) => line.includes(`"event":"${event}"`))

  /** The status of a push that is to be stored. */
  async function push(): Promise<{ status: number; detail: string }> {
    const device = `device-${pushed % 7}`
    const payload = `${pushed++} ${BLOCK}`
    const answer = await fetch(node.url('/v1/push'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: [device], qos: 1, payload }),
    })
    const body = (await answer.json()) as { detail?: string }
    if (answer.status === 202) accepted.set(device, [...(accepted.get(device) ?? []), payload])
    return { status: answer.status, detail: body.detail ?? '' }
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(node.url('/metrics'))).text()
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)![1])
  }

  async function pushUntil(status: number): Promise<string> {
    let detail = ''
    await until(async () => {
      const answer = await push()
      detail = answer.detail
      return answer.status === status
    })
    return detail
  }

  async function expectFailing(): Promise<void> {
    expect(await metric('pushctl_store_failing')).toBe(1)
    expect(await metric('pushctl_store_write_failures_total')).toBeGreaterThan(0)
    await until(() => told('store-failed').length > 0)
    expect(JSON.parse(told('store-failed')[0]!)).toMatchObject({ code: 'PUSHCTL_STORE_FAILED' })
    expect(node.stderr).not.toContain('xxxxxxxxxx')
  }

  /** Each device gets what was accepted of it, in order, once. */
  async function expectAllDelivered(): Promise<void> {
    const ports = { tcpPort: Number(node.tcp.split(':').at(-1)), wsPort: 0 }
    for (const [deviceId, payloads] of accepted) {
      const device = await DevicePeer.join('tcp', ports, deviceId, { flags: 2 })
      for (let at = 1; at <= payloads.length; at++) {
        const { seq } = await device.until('MSG', at)
        device.send({ type: 'ACK', stream: 0, seq })
      }
      const got = device.of('MSG').map((msg) => String(msg['payload']).split(' ')[0])
      expect(got).toEqual(payloads.map((payload) => payload.split(' ')[0]))
      device.destroy()
    }
  }

  async function expectOthersServed(): Promise<void> {
    expect(await node.push({ to: ['device-1'], payload: 'qos 0' })).toMatchObject({ accepted: 1 })
    expect((await fetch(node.url('/healthz'))).status).toBe(200)
  }

  it.skipIf(!canMount)(
    'says so when it is full, serves QoS 0, and goes on when there is room',
    async () => {
      disk = new SmallDisk(16)
      await startOn(disk)
      const ballast = join(disk.folder, 'ballast')
      writeFileSync(ballast, Buffer.alloc(12 << 20))
      expect(await pushUntil(503)).toContain('expected to write to the store')
      await expectFailing()
      await expectOthersServed()
      rmSync(ballast)
      await pushUntil(202)
      expect(await metric('pushctl_store_failing')).toBe(0)
      await until(() => told('store-back').length > 0)
      expect(accepted.size).toBeGreaterThan(0)
      await expectAllDelivered()
    },
  )

  it.skipIf(!canLoop)(
    'says the same when its files can not be written, and goes on when they can',
    async () => {
      const loop = new LoopDisk(64)
      disk = loop
      await startOn(loop)
      for (let i = 0; i < 20; i++) expect((await push()).status).toBe(202)
      const store = join(loop.folder, 'store')
      const files = readdirSync(store, { recursive: true, encoding: 'utf8' })
      const paths = [store, ...files.map((name) => join(store, name))]
      loop.setWritable(false, ...paths)
      try {
        await pushUntil(503)
        const failures = await metric('pushctl_store_write_failures_total')
        await until(async () => {
          expect((await push()).status).toBe(503)
          return (await metric('pushctl_store_write_failures_total')) > failures + 2
        })
        await expectFailing()
        await expectOthersServed()
      } finally {
        loop.setWritable(true, ...paths)
      }
      await pushUntil(202)
      await until(() => told('store-back').length > 0)
      await expectAllDelivered()
    },
  )

  it.skipIf(!canLoop)(
    'has all that it accepted before it became read-only, once the disk is mended',
    async () => {
      const loop = new LoopDisk(64)
      disk = loop
      await startOn(loop)
      for (let i = 0; i < 20; i++) expect((await push()).status).toBe(202)
      loop.failReadOnly()
      expect(await pushUntil(503)).toContain('read-only')
      await expectFailing()
      await expectOthersServed()
      await node.kill()
      loop.mend()
      await startOn(loop)
      expect((await push()).status).toBe(202)
      await expectAllDelivered()
    },
  )

  it.skipIf(!canLoop)('has all that it accepted before the power went, folded or not', async () => {
    const loop = new LoopDisk(64)
    disk = loop
    await startOn(loop)
    for (let i = 0; i < 80; i++) expect((await push()).status).toBe(202)
    // Folded after two seconds, at the latest by the sweep a second later; what comes then is
    // written over the segments of what came before.
    await new Promise((resolve) => setTimeout(resolve, 3_200))
    for (let i = 0; i < 60; i++) expect((await push()).status).toBe(202)
    const after = loop.afterPowerCut()
    await node.kill()
    loop.remove()
    disk = after
    await startOn(after)
    await expectAllDelivered()
  })
})
