import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command as listenCommand } from '../../src/commands/listen.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { startCommand, untilWritten } from '../commands/command-run.ts'

const ADMIN_TOKEN = 'c3VmZmljaWVudGx5LWxvbmc='

function findChromium(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
    .find((path) => existsSync(path))
}

const executablePath = findChromium()
const reason = executablePath === undefined ? ' (skipped: no chromium on PATH)' : ''

/** A node of the built package, on ports of its own. */
async function startNode(words: readonly string[]) {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const ports = ['--tcp', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const child = spawn(process.execPath, [bin, 'serve', '--json', '--quiet', ...ports, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { tcp, http } = JSON.parse(line.toString()) as { tcp: string[]; http: string }
  return { child, tcp: `tcp://${tcp[0]}`, url: `http://${http}/` }
}

async function stopNode(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || !child.kill('SIGTERM')) return
  await once(child, 'exit')
}

describe.skipIf(executablePath === undefined)(`the node page in a browser${reason}`, () => {
  let node: Awaited<ReturnType<typeof startNode>>
  let browser: Browser

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    browser = await chromium.launch({ executablePath: executablePath!, args })
    node = await startNode([])
  })
  afterAll(async () => {
    await browser?.close()
    if (node) await stopNode(node.child)
  })

  /** Opens a page that writes down what a person would find in its console. */
  async function open(url: string, options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    const hosts = new Set<string>()
    page.on('console', (line) => {
      if (['error', 'warning'].includes(line.type())) complaints.push(line.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => hosts.add(new URL(request.url()).origin))
    await page.goto(url)
    return { page, complaints, hosts }
  }

  const figure = (page: Page, name: string) =>
    page.locator('#figures div').filter({ hasText: name }).locator('b')

  it('shows the state and the connections, and follows a device that comes and goes', async () => {
    const { page, complaints, hosts } = await open(node.url)
    await page.getByText(/^ready, pushctl /).waitFor()
    await figure(page, 'devices online').getByText('0', { exact: true }).waitFor()
    const words = [node.tcp, '--device', 'phone-1']
    const device = startCommand(listenCommand as unknown as AnyCommand, words)
    await untilWritten(device, 'stderr', 'connected as')
    await figure(page, 'devices online').getByText('1', { exact: true }).waitFor()
    expect(await figure(page, 'connections open').textContent()).toMatch(/^1 of [\d,]+$/)
    expect(await page.title()).toBe('node-1 – pushctl node')
    device.host.interrupt('SIGINT')
    await device.ended
    await figure(page, 'devices online').getByText('0', { exact: true }).waitFor()
    expect(complaints).toEqual([])
    expect([...hosts]).toEqual([new URL(node.url).origin])
    await page.context().close()
  })

  it('asks for the admin token where the node has one, and shows nothing without it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pushctl-page-'))
    const file = join(folder, 'token')
    await writeFile(file, ADMIN_TOKEN, { mode: 0o600 })
    const guarded = await startNode(['--admin-token-file', file])
    try {
      const { page } = await open(guarded.url)
      await page.getByLabel('Admin token').waitFor()
      await page.getByLabel('Admin token').fill('wrong')
      const refusal = page.waitForResponse((answer) => answer.status() === 401)
      await page.getByRole('button', { name: 'Show' }).click()
      await refusal
      expect(await page.locator('#figures div').count()).toBe(0)
      await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
      await page.getByRole('button', { name: 'Show' }).click()
      await page.getByText(/^ready, pushctl /).waitFor()
      await page.context().close()
    } finally {
      await stopNode(guarded.child)
      await rm(folder, { recursive: true })
    }
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits a phone without scrolling sideways, in a ${colorScheme} theme`, async () => {
      const viewport = { width: 360, height: 740 }
      const { page, complaints } = await open(node.url, { viewport, colorScheme })
      await page.getByText(/^ready, pushctl /).waitFor()
      await page.locator('#shards table').waitFor()
      const measured = await page.evaluate<{ width: number; ground: string; ink: string }>(`({
        width: document.documentElement.scrollWidth,
        ground: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.body).color,
      })`)
      expect(measured.width).toBeLessThanOrEqual(viewport.width)
      const brightness = (color: string) =>
        color.match(/\d+/g)!.reduce((sum, part) => sum + Number(part), 0)
      const difference = brightness(measured.ground) - brightness(measured.ink)
      expect(Math.sign(difference)).toBe(colorScheme === 'light' ? 1 : -1)
      expect(Math.abs(difference)).toBeGreaterThan(500)
      expect(complaints).toEqual([])
      await page.context().close()
    })
  }

  it('says so when the node does not answer any more', async () => {
    const mortal = await startNode([])
    const { page } = await open(mortal.url)
    await page.getByText(/^ready, pushctl /).waitFor()
    await stopNode(mortal.child)
    await page.getByText('The node does not answer.').waitFor()
    await page.context().close()
  })
})
