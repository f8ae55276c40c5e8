import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import type { RunReport } from '../../src/stats/run-report.ts'
import { ServeProcess } from './serve-process.ts'
import { HAS_TERMINAL, TerminalProcess } from './terminal-process.ts'

const BIN = join(packageRoot(), 'bin', 'pushctl.js')
const RATE = 40

describe.skipIf(!HAS_TERMINAL)('pushctl bench on a terminal', () => {
  let node: ServeProcess
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pushctl-live-'))
    node = await ServeProcess.start()
  })
  afterAll(async () => {
    await node?.kill()
    await rm(folder, { recursive: true })
  })

  function start(words: readonly string[], env: Record<string, string> = {}) {
    const load = ['-c', '20', '--mode', 'echo', '-R', String(RATE), '-w', '1', '--warmup', '100ms']
    const out = ['--out', join(folder, words.join(''))]
    const command = [process.execPath, BIN, 'bench', `tcp://${node.tcp}`, ...load, ...words, ...out]
    return new TerminalProcess(command, 100, env)
  }

  async function reportOf(words: readonly string[]): Promise<RunReport> {
    const path = join(folder, words.join(''), 'report.json')
    return JSON.parse(await readFile(path, 'utf8'))
  }

  it('is held, stepped and stopped by keys, and the report says so', async () => {
    const words = ['-d', '4s']
    const terminal = start(words)
    let at = await terminal.sees(/steady .*left/)
    terminal.press('h')
    at = await terminal.sees(/held .*20 of 20.*h release/s, at)
    // Longer than it was to last: what is held goes on.
    at = await terminal.sees(/held .* [5-9]s\s/, at)
    terminal.press('+')
    at = await terminal.sees(/ of 40\/s → 50\/s/, at)
    at = await terminal.sees(/stage 1 .*40\/s/, at)
    terminal.press('ha')
    await terminal.sees(/steady .*left.*stage 2 of 3/, at)
    terminal.press('q')
    expect([0, 5]).toContain(await terminal.ended)
    const report = await reportOf(words)
    expect(report.interrupted).toBe(false)
    const done = report.steered!.map(({ what, rate_wanted }) => rate_wanted ?? what)
    expect(done).toEqual(['hold', 50, 'release', 'stage', 'stop'])
    const [held, stepped] = report.stages!
    expect([held.rate_wanted, stepped.rate_wanted, report.stages!.length]).toEqual([RATE, 50, 2])
    expect(held.duration_ms).toBeGreaterThan(4_000)
    // The schedule went on while it was held, and nothing of it is missing.
    const planned = (held.duration_ms / 1000) * RATE
    expect(Math.abs(held.messages.planned - planned)).toBeLessThan(3)
    expect(held.messages).toMatchObject({ lost: 0 })
  }, 60_000)

  it('leaves nothing of its drawing, and gives the report', async () => {
    const terminal = start(['-d', '1500ms'])
    await terminal.sees(/steady .*left/)
    await terminal.ended
    const last = terminal.drawn.slice(terminal.drawn.lastIndexOf('stop and report'))
    expect(last).toMatch(/^[^\n]*\n[^\n]*?(?:\u001b\[2K\u001b\[1A){8,}[\s\S]*20 requested/)
  }, 30_000)

  it('is interrupted by Ctrl-C as anywhere else', async () => {
    const words = ['-d', '30s']
    const terminal = start(words)
    await terminal.sees(/steady .*left/)
    terminal.press('\u0003')
    expect(await terminal.ended).toBe(130)
    expect((await reportOf(words)).interrupted).toBe(true)
  }, 30_000)

  it.each([{ TERM: 'dumb' }, { NO_COLOR: '1' }, { CI: 'true' }])(
    'is plain lines where %j says so',
    async (env) => {
      const terminal = start(['-d', '100ms', ...Object.keys(env)].slice(0, 2), env)
      await terminal.ended
      expect(terminal.drawn).toContain('20 requested')
      expect(terminal.drawn).not.toMatch(/stop and report|\r\u001b\[K/)
    },
    30_000,
  )
})
