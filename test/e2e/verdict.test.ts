import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { type BenchProcess, childrenOf, reportFrom, startBench } from './bench-process.ts'

const BUSY_LOOPS = 5
/**
 * A machine that other tests keep busy would starve the healthy generator too, and rightly be told
 * so. Real time puts it before them; where that is not allowed (not root), nice runs it all the
 * same.
 */
const PREFERRED = canRunInRealTime() ? ['chrt', '--rr', '1'] : ['nice', '-n', '-15']
const hasTaskset = existsSync('/usr/bin/taskset') || existsSync('/bin/taskset')
const obstacle = !hasTaskset
  ? 'taskset is not installed'
  : availableParallelism() === 1
    ? 'this machine has one core only'
    : null

/**
 * A node in a process of its own, so that whatever happens to the generator, the target is well.
 */
let node: ChildProcess
let target = ''

beforeAll(async () => {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const listeners = ['--tcp', '127.0.0.1:0', '--http', '127.0.0.1:0', '--max-connections', '1000']
  const [command, ...args] = [...PREFERRED, process.execPath, bin, 'serve', '--json', ...listeners]
  node = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] },
  })
  const [line] = await once(
    createInterface({ input: node.stdout as NodeJS.ReadableStream }),
    'line',
  )
  target = `tcp://${JSON.parse(line as string).tcp[0].replace(/^tcp:\/\//, '')}`
})

afterAll(async () => {
  node.kill('SIGTERM')
  if (node.exitCode === null) await once(node, 'exit')
})

describe('the verdict on the generator', () => {
  it('is VALID for a healthy one', { retry: 2 }, async () => {
    const end = await startBench([...words('200', '2s'), '--workers', '1'], PREFERRED).ended
    const { verdict } = reportFrom(end)
    expect(verdict).toEqual({ value: 'VALID', reasons: [] })
    expect(end.status).toBe(0)
  })

  it('is INVALID for one that a busy loop starves', async ({ skip }) => {
    if (obstacle !== null) skip(obstacle)
    const run = startBench([...words('30000', '2s'), '--processes', '1'])
    const shard = await shardOf(run)
    const core = String(firstCore())
    execFileSync('taskset', ['-acp', core, String(shard)], { stdio: 'ignore' })
    const loops = Array.from({ length: BUSY_LOOPS }, () =>
      spawn('taskset', ['-c', core, process.execPath, '-e', 'for (;;) {}'], { stdio: 'ignore' }),
    )
    const end = await run.ended
    for (const loop of loops) loop.kill('SIGKILL')
    const { verdict } = reportFrom(end)
    expect(verdict.value).toBe('INVALID')
    expect(verdict.reasons.join('\n')).toMatch(/shard 0 waited \d+ % of the time for a CPU/)
    expect(end.status).toBe(5)
  })
})

function canRunInRealTime(): boolean {
  return spawnSync('chrt', ['--rr', '1', 'true']).status === 0
}

function words(rate: string, duration: string): string[] {
  const load = ['--mode', 'echo', '-c', '50', '-R', rate, '-d', duration, '--warmup', '500ms']
  return [target, ...load, '--json', '--quiet']
}

async function shardOf(run: BenchProcess): Promise<number> {
  for (;;) {
    const shard = childrenOf(run.pid).find((pid) => commandOf(pid).includes('loadgen-worker'))
    if (shard !== undefined) return shard
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

function firstCore(): number {
  const status = readFileSync('/proc/self/status', 'latin1')
  return Number(/^Cpus_allowed_list:\s+(\d+)/m.exec(status)?.[1] ?? 0)
}
