import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'

// Pages in a real browser that are devices: over EventSource, fetch and WebSocket, from a page of
// another origin than the node's.

const executablePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
  .find((path) => existsSync(path))
const reason = executablePath === undefined ? ' (skipped: no chromium on PATH)' : ''

interface Ready {
  readonly ws: readonly string[]
  readonly http: string
}

/** What the script of a page has seen, for the test to read. */
interface Seen {
  readonly log: string[]
}

describe.skipIf(executablePath === undefined)(`a page that is a device${reason}`, () => {
  let browser: Browser
  let pages: Server
  let child: ChildProcess
  let ready: Ready

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    browser = await chromium.launch({ executablePath: executablePath!, args })
    pages = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>t</title>')
    })
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    const bin = join(packageRoot(), 'bin', 'pushctl.js')
    const ports = [
      '--ws',
      '127.0.0.1:0',
      '--http',
      '127.0.0.1:0',
      '--allow-origin',
      originOf('127.0.0.1'),
    ]
    child = spawn(process.execPath, [bin, 'serve', '--json', '--quiet', ...ports], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
    })
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    ready = JSON.parse(line.toString()) as Ready
  })

  afterAll(async () => {
    await browser?.close()
    pages?.close()
    if (child?.kill('SIGTERM')) await once(child, 'exit')
  })

  function originOf(host: string): string {
    return `http://${host}:${(pages.address() as AddressInfo).port}`
  }

  async function openPage(host = '127.0.0.1'): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${originOf(host)}/`)
    await page.evaluate('globalThis.log = []')
    return page
  }

  const seen = (page: Page) => page.evaluate(() => (globalThis as unknown as Seen).log)

  function push(body: object): Promise<Response> {
    return fetch(`http://${ready.http}/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  it('over EventSource: receives, sends, and comes back for what it missed', async () => {
    const page = await openPage()
    await page.evaluate(`
      const query = '?device=page-1&tag=news'
      globalThis.events = new EventSource('http://${ready.http}/v1/events' + query)
      events.onmessage = ({ data, lastEventId }) => log.push(JSON.parse(data).payload + ' ' + lastEventId)
      events.addEventListener('welcome', () => log.push('welcome'))
    `)
    await expect.poll(() => seen(page)).toEqual(['welcome'])
    await push({ to: ['page-1'], payload: 'grüße', qos: 1 })
    await expect.poll(() => seen(page)).toEqual(['welcome', 'grüße 1-0'])
    await push({ to: { tag: 'news' }, payload: 'to a tag' })
    await expect.poll(() => seen(page)).toEqual(['welcome', 'grüße 1-0', 'to a tag 1-0'])
    const status = await page.evaluate(`
      fetch('http://${ready.http}/v1/send?device=page-1', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ product: 'echo', payload: 'echoed' }),
      }).then((answer) => answer.status)
    `)
    expect(status).toBe(202)
    await expect.poll(async () => (await seen(page)).at(-1)).toMatch(/^echoed/)
    await page.evaluate('events.close()')
    await push({ to: ['page-1'], payload: 'missed', qos: 1 })
    await page.evaluate(`
      log.length = 0
      globalThis.events = new EventSource('http://${ready.http}/v1/events?device=page-1&after=1-0')
      events.onmessage = ({ data, lastEventId }) => log.push(JSON.parse(data).payload + ' ' + lastEventId)
    `)
    await expect.poll(() => seen(page)).toEqual(['missed 2-0'])
    await page.context().close()
  })

  it('over EventSource: acks by reconnecting, as browsers do by themselves, and loses nothing', async () => {
    const page = await openPage()
    await page.evaluate(`
      const events = new EventSource('http://${ready.http}/v1/events?device=page-4')
      events.onmessage = ({ data }) => log.push(JSON.parse(data).seq)
      events.addEventListener('welcome', () => log.push('welcome'))
    `)
    await expect.poll(() => seen(page)).toEqual(['welcome'])
    const lines = Array.from({ length: 700 }, (_, n) => {
      return JSON.stringify({ to: ['page-4'], payload: String(n), qos: 1 })
    })
    await fetch(`http://${ready.http}/v1/push/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    }).then((answer) => answer.text())
    const isThrough = async () => {
      const all = (await seen(page)) as unknown[]
      return all.includes(700) && all.filter((entry) => entry === 'welcome').length > 1
    }
    await expect.poll(isThrough, { timeout: 10_000 }).toBe(true)
    const sequence = ((await seen(page)) as unknown[]).filter((entry) => entry !== 'welcome')
    expect(sequence).toEqual(Array.from({ length: 700 }, (_, n) => n + 1))
    await page.context().close()
  })

  it('over WebSocket push.v1.json: says HELLO, receives and acks', async () => {
    const page = await openPage()
    await page.evaluate(`
      globalThis.socket = new WebSocket('ws://${ready.ws[0]}/', 'push.v1.json')
      socket.onopen = () => socket.send(JSON.stringify({ type: 'HELLO', deviceId: 'page-2', flags: 2 }))
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data)
        log.push(frame.payload ?? frame.type)
        if (frame.seq > 0) socket.send(JSON.stringify({ type: 'ACK', stream: 0, seq: frame.seq }))
      }
      socket.onclose = ({ code, reason }) => log.push(code + ' ' + reason)
    `)
    await expect.poll(() => seen(page)).toEqual(['WELCOME'])
    await push({ to: ['page-2'], payload: 'kept', qos: 1 })
    await expect.poll(() => seen(page)).toEqual(['WELCOME', 'kept'])
    await push({ to: ['page-2'], payload: 'direct' })
    await expect.poll(() => seen(page)).toEqual(['WELCOME', 'kept', 'direct'])
    await fetch(`http://${ready.http}/v1/devices/page-2`, { method: 'DELETE' })
    await expect.poll(() => seen(page)).toEqual(['WELCOME', 'kept', 'direct', 'BYE', '4002 kicked'])
    await page.context().close()
  })

  it('is none where its origin is not allowed', async () => {
    const page = await openPage('localhost')
    await page.evaluate(`
      const events = new EventSource('http://${ready.http}/v1/events?device=page-3')
      events.onopen = () => log.push('open')
      events.onerror = () => log.push('refused ' + events.readyState)
      const socket = new WebSocket('ws://${ready.ws[0]}/', 'push.v1.json')
      socket.onopen = () => log.push('open')
      socket.onclose = () => log.push('closed')
    `)
    await expect.poll(async () => (await seen(page)).toSorted()).toEqual(['closed', 'refused 2'])
    const device = await fetch(`http://${ready.http}/v1/devices/page-3`)
    expect(device.status).toBe(404)
    await page.context().close()
  })
})
