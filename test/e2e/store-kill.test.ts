/**
 * kill -9 at random points of a random workload, again and again on one folder. PUSHCTL_TEST_KILLS
 * sets the number of rounds, PUSHCTL_TEST_SEED the seed, which is printed when it fails.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { seededRandom } from '../../src/loadgen/seeded-random.ts'
import { DEFAULT_INBOX_LIMITS, Inbox } from '../../src/server/store/inbox.ts'
import { DiskStore } from '../../src/server/store/disk-store.ts'
import { payloadText } from './fixtures/random-writer.ts'

const ROUNDS = Number(process.env['PUSHCTL_TEST_KILLS'] ?? 20)
const SEED = Number(process.env['PUSHCTL_TEST_SEED'] ?? Date.now() % 2 ** 31)
const LINES_MAX = 1_500

const cache = join(packageRoot(), 'node_modules', '.cache', 'store-suite')
const writerFile = join(cache, `random-writer-${process.pid}.mjs`)
const folder = mkdtempSync(join(tmpdir(), 'pushctl-kill-'))

beforeAll(async () => {
  mkdirSync(cache, { recursive: true })
  await build({
    stdin: {
      contents: `
        import { run } from './test/e2e/fixtures/random-writer.ts'
        const [folder, seed, foldAfterMs] = process.argv.slice(2)
        run(folder, Number(seed), Number(foldAfterMs))
      `,
      resolveDir: packageRoot(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    outfile: writerFile,
    logLevel: 'error',
  })
})

afterAll(() => {
  rmSync(writerFile, { force: true })
  rmSync(folder, { recursive: true, force: true })
})

/** What the writer said before it died, over all rounds. */
class Ledger {
  readonly accepted = new Map<number, number>()
  readonly issued = new Map<number, number>()
  readonly ackedDurably = new Map<number, number>()

  take(line: string): void {
    const [kind, device, seq] = line.split(' ')
    const into = { A: this.accepted, I: this.issued, K: this.ackedDurably }[kind!]
    if (into === undefined) return
    into.set(Number(device), Math.max(into.get(Number(device)) ?? 0, Number(seq)))
  }
}

/** Kills the writer after so many lines. */
function writeUntilKilled(seed: number, linesMax: number, ledger: Ledger): Promise<string> {
  const foldAfterMs = seed % 3 === 0 ? 2_000 : seed % 40
  const words = [writerFile, folder, String(seed), String(foldAfterMs)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let errors = ''
  let lines = 0
  child.stderr.on('data', (chunk) => (errors += chunk))
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    lines += chunk.split('\n').length - 1
    if (lines >= linesMax) child.kill('SIGKILL')
  })
  return new Promise((resolve) => {
    child.on('close', () => {
      // The last line may be cut.
      for (const line of text.split('\n').slice(0, -1)) ledger.take(line)
      resolve(errors)
    })
  })
}

async function pendingOf(inbox: Inbox, device: number): Promise<Map<number, string>> {
  const { devices, messages } = inbox.tables
  const row = devices.find(device, device)
  const rows: number[] = []
  for (let at = devices.heads[row]!; at !== 0; at = messages.nexts[at]!) rows.push(at)
  const owners = new Uint32Array(rows.length).fill(row)
  const payloads = await inbox.read(owners, Uint32Array.from(rows), rows.length)
  return new Map(rows.map((at, i) => [messages.seqs[at]!, Buffer.from(payloads[i]!).toString()]))
}

it(`a store that is killed ${ROUNDS} times has all that was accepted, and nothing that was acked`, async () => {
  const random = seededRandom(SEED)
  const ledger = new Ledger()
  for (let round = 1; round <= ROUNDS; round++) {
    const where = `round ${round}, seed ${SEED}`
    const linesMax = 1 + (random.nextUint32() % LINES_MAX)
    expect(await writeUntilKilled(random.nextUint32(), linesMax, ledger), where).toBe('')
    const store = await DiskStore.open(folder)
    const inbox = new Inbox(store, DEFAULT_INBOX_LIMITS, {
      onStored: () => {},
      onRemoved: () => {},
    })
    await inbox.load(() => {})
    for (const [device, last] of ledger.accepted) {
      const pending = await pendingOf(inbox, device)
      const issued = ledger.issued.get(device) ?? 0
      const acked = ledger.ackedDurably.get(device) ?? 0
      for (let seq = issued + 1; seq <= last; seq++) {
        expect(pending.get(seq), `${where}: device ${device}, seq ${seq}`).toBeDefined()
      }
      for (const [seq, payload] of pending) {
        expect(seq, `${where}: device ${device} was acked up to ${acked}`).toBeGreaterThan(acked)
        expect(payload, where).toBe(payloadText(device, seq))
      }
      const next = inbox.tables.devices.nextSeqs[inbox.tables.devices.find(device, device)]!
      expect(next, `${where}: device ${device}`).toBeGreaterThan(last)
    }
    await inbox.close()
  }
  expect(ledger.accepted.size).toBeGreaterThan(0)
}, 600_000)
