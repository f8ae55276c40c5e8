/** How long `--find rate` takes on a node of its own, and what it finds. */
import { spawn } from 'node:child_process'

const LIMIT_MS = 290_000

export async function measureFind({ pushctl, quick }) {
  const words = [
    ...['bench', '--find', 'rate', '--mode', 'unicast', '-c', '500', '-R', '1000'],
    ...['--slo', 'push_latency:p99<50ms', '--slo', 'lost==0', '-d', quick ? '2s' : '12s'],
    ...['--doctor', 'off', '--quiet', '--json'],
  ]
  const startedMs = performance.now()
  const child = spawn(process.execPath, [pushctl, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const limit = setTimeout(() => child.kill('SIGINT'), LIMIT_MS)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(limit)
  if (stdout === '') throw new Error(stderr.trim().split('\n')[0] ?? 'no answer')
  const { search, stages = [] } = JSON.parse(stdout)
  const tookS = (performance.now() - startedMs) / 1000
  return { command: `pushctl ${words.join(' ')}`, tookS, steps: stages.length, ...search }
}
