import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { bench, startBench } from './bench-process.ts'
import { ServeProcess } from './serve-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'pushctl-auth-'))
let node: ServeProcess | null = null

afterEach(() => {
  node?.child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

it('bench signs in with the secret of the node, over both carriers, and not without it', async () => {
  const secret = join(folder, 'secret')
  writeFileSync(secret, 'c'.repeat(48), { mode: 0o600 })
  node = await ServeProcess.start('--auth-secret-file', secret)
  const targets = [`tcp://${node.ready.tcp[0]}`, `ws://${node.ready.ws[0]}`]
  const words = [...targets, '--mode', 'idle', '-c', '30', '-d', '200ms', '--warmup', '0s']
  const { report } = await bench([...words, '--auth-secret-file', secret])
  expect(report.connections).toMatchObject({ established: 30, failed: 0 })
  const refused = await startBench([...words, '--quiet']).ended
  expect(refused.status).toBe(4)
  expect(refused.stderr).toContain('4003')
})
