/**
 * Runs once before the suite: shards and end-to-end tests start what lies in dist/, so it must be
 * of this tree. A build that fails is only printed, because most tests run on src/ and may still
 * tell something; `npm test` and .ci/run build beforehand and stop there.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export default function buildBeforeTests(): void {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'build.js')
  const run = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  if (run.status !== 0) process.stderr.write(`dist/ could not be built:\n${run.stderr}\n`)
}
