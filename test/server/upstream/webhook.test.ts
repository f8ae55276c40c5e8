import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Webhook } from '../../../src/server/upstream/webhook.ts'
import type { WebhookSettings } from '../../../src/server/upstream/webhook-target.ts'
import { untilTrue } from '../node-stage.ts'
import { type Behaviour, WebhookReceiver } from './webhook-receiver.ts'

let receiver: WebhookReceiver
let webhook: Webhook | undefined
let told: string[]

beforeEach(async () => {
  receiver = await WebhookReceiver.open()
  told = []
})

afterEach(async () => {
  await webhook?.close(0)
  await receiver.close()
  expect(receiver.faults).toEqual([])
})

function make(more: Partial<WebhookSettings> = {}): Webhook {
  const settings = receiver.settings(more)
  webhook = new Webhook({
    target: settings.targets[0]!,
    settings,
    nodeName: 'node-1',
    idPrefix: 'boot',
    tell: (line) => told.push(line),
  })
  return webhook
}

const line = (device: string, n: number) => JSON.stringify({ type: 'send', device, n })

function offerSome(to: Webhook, devices: number, each: number): void {
  for (let n = 0; n < each; n++) {
    for (let d = 0; d < devices; d++) expect(to.offerSend(`d${d}`, line(`d${d}`, n))).toBe(true)
  }
}

/** What arrived, by device, in the order of arrival. */
function arrived(): Map<string, number[]> {
  const orders = new Map<string, number[]>()
  for (const { device, n } of receiver.sends as { device: string; n: number }[]) {
    orders.set(device, [...(orders.get(device) ?? []), n])
  }
  return orders
}

describe('a webhook', () => {
  it('delivers what one turn brings as a few signed batches', async () => {
    const of = make()
    offerSome(of, 8, 20)
    await untilTrue(() => of.state().delivered === 160)
    expect(receiver.sends).toHaveLength(160)
    expect(receiver.requests.length).toBeLessThanOrEqual(8)
    expect(new Set(receiver.requests.map(({ id }) => id)).size).toBe(receiver.requests.length)
    expect(of.state()).toMatchObject({ dead: 0, queuedEvents: 0, queuedBytes: 0 })
    expect(of.state().attempts).toEqual({ 204: receiver.requests.length })
  })

  const bad: Behaviour[][] = [['error'], ['reset'], ['busy'], ['error', 'reset', 'busy']]
  it.each(bad)(
    'tries again after %s, in order for each device, with the same id',
    async (...bad) => {
      const of = make()
      receiver.plan.push(...bad)
      for (let n = 0; n < 5; n++) {
        const wanted = of.state().delivered + 6
        for (let d = 0; d < 6; d++) of.offerSend(`d${d}`, line(`d${d}`, n))
        // The first round meets trouble, and what follows must not overtake it.
        if (n > 0) await untilTrue(() => of.state().delivered >= wanted - 6)
      }
      await untilTrue(() => of.state().delivered === 30)
      expect([...arrived().values()]).toEqual(Array.from({ length: 6 }, () => [0, 1, 2, 3, 4]))
      const tried = receiver.requests.filter(({ behaviour }) => behaviour !== 'ok')
      expect(tried).toHaveLength(bad.length)
      for (const { id, attempt } of tried) {
        const next = receiver.requests.find((r) => r.id === id && r.attempt === attempt + 1)
        expect(next).toBeDefined()
      }
      expect(told).toEqual([])
    },
  )

  it('gives up an answer that does not come, and tries again', async () => {
    const of = make({ timeoutMs: 50 })
    receiver.plan.push('hang')
    of.offerSend('d', line('d', 1))
    await untilTrue(() => of.state().delivered === 1)
    expect(of.state().attempts).toEqual({ timeout: 1, 204: 1 })
  })

  it('counts as dead what is too old, says so once, and goes on', async () => {
    const of = make({ retryMs: 0 })
    receiver.plan.push('error')
    of.offerSend('d', line('d', 1))
    of.offerSend('d', line('d', 2))
    await untilTrue(() => of.state().dead === 2)
    of.offerSend('d', line('d', 3))
    await untilTrue(() => of.state().delivered === 1)
    expect(receiver.sends).toEqual([{ type: 'send', device: 'd', n: 3 }])
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('gave up 2 events')
    expect(told[0]).toContain('last answer: 500')
    expect(told[0]).not.toContain('key=1')
  })

  it('refuses above its bound while the receiver hangs, and takes again afterwards', async () => {
    receiver.otherwise = 'hang'
    const of = make({ queuedEventsMax: 400, timeoutMs: 60_000 })
    let taken = 0
    while (taken < 1_000 && of.offerSend('d', line('d', taken))) taken++
    expect(taken).toBe(100)
    await untilTrue(() => receiver.requests.length === 1)
    expect(of.offerSend('d', line('d', taken))).toBe(false)
    expect(of.state()).toMatchObject({ queuedEvents: 100, delivered: 0 })
  })

  it('asks one receiver no more than four things at a time', async () => {
    receiver.otherwise = 'hang'
    const of = make({ timeoutMs: 60_000 })
    offerSome(of, 64, 2)
    await untilTrue(() => receiver.requests.length === 4)
    offerSome(of, 64, 2)
    expect(receiver.openMax).toBe(4)
  })

  it('delivers what waits before it closes', async () => {
    const of = make()
    receiver.plan.push('error', 'reset')
    offerSome(of, 16, 10)
    await of.close(10_000)
    expect(receiver.sends).toHaveLength(160)
    expect(of.state()).toMatchObject({ delivered: 160, dead: 0 })
  })

  it('closes within its limit, and counts what is left as dead', async () => {
    receiver.otherwise = 'hang'
    const of = make({ timeoutMs: 60_000 })
    offerSome(of, 16, 10)
    await untilTrue(() => receiver.requests.length === 4)
    await of.close(20)
    expect(of.state()).toMatchObject({ delivered: 0, dead: 160, queuedEvents: 0 })
    expect(told.length).toBeGreaterThan(0)
  })
})
