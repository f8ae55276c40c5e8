import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { DevicePeer } from '../server/device-peer.ts'
import { untilTrue } from '../server/node-stage.ts'
import { SECRET, WebhookReceiver } from '../server/upstream/webhook-receiver.ts'

const folder = mkdtempSync(join(tmpdir(), 'pushctl-upstream-'))
let receiver: WebhookReceiver
afterEach(async () => {
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

it('serve --webhook delivers what it has accepted before SIGTERM ends it, and who went', async () => {
  receiver = await WebhookReceiver.open()
  const secretFile = join(folder, 'secret')
  writeFileSync(secretFile, SECRET, { mode: 0o600 })
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const words = ['serve', '--json', '--quiet', '--tcp', '127.0.0.1:0', '--http', '127.0.0.1:0']
  words.push('--webhook', `chat=${receiver.url}`, '--webhook-secret-file', secretFile)
  words.push('--webhook-events', 'device')
  const child = spawn(process.execPath, [bin, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { tcp, http } = JSON.parse(line.toString()) as { tcp: string[]; http: string }
  const tcpPort = Number(tcp[0]!.split(':')[1])
  const peer = await DevicePeer.join('tcp', { tcpPort, wsPort: 0 }, 'phone-1')
  await untilTrue(() => receiver.devices.length === 1)
  // From now on nothing gets through, until the node is told to go.
  receiver.otherwise = 'error'
  for (let requestId = 1; requestId <= 20; requestId++) {
    peer.send({ type: 'SEND', requestId, product: 'chat', payload: String(requestId) })
  }
  await peer.until('SENT', 20)
  expect(peer.of('SENT').every((sent) => sent['status'] === 0)).toBe(true)
  await untilTrue(() => receiver.requests.some(({ behaviour }) => behaviour === 'error'))
  const answer = await fetch(`http://${http}/v1/node`)
  const { upstream } = (await answer.json()) as { upstream: { webhooks: unknown[] } }
  expect(upstream.webhooks[0]).toMatchObject({ delivered: 1, dead: 0, queuedEvents: 20 })
  child.kill('SIGTERM')
  await peer.bye()
  receiver.otherwise = 'ok'
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(receiver.faults).toEqual([])
  expect(receiver.sends.map(({ payload }) => Number(payload))).toEqual(
    Array.from({ length: 20 }, (_, n) => n + 1),
  )
  expect(receiver.devices.at(-1)).toMatchObject({ type: 'offline', reason: 'shutdown', code: 4202 })
})
