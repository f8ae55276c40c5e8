import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import type { SelftestReport } from '../../src/loadgen/selftest/selftest-report.ts'
import { childrenOf, isAlive, startBench } from './bench-process.ts'

describe('pushctl bench selftest', () => {
  it('finds that bench tells the truth, or says what disturbed it', async () => {
    const end = await startBench(['selftest', '--quick', '--json', '--seed', '1']).ended
    const report = JSON.parse(end.stdout) as SelftestReport
    expect(report.schema).toBe('pushctl.bench-selftest/1')
    // A shared machine may disturb it; nothing may make it hide latency or miscount.
    expect({ result: report.result, reasons: report.reasons }).toEqual(
      report.result === 'PASS'
        ? { result: 'PASS', reasons: [] }
        : { result: 'DISTURBED', reasons: expect.arrayContaining([expect.any(String)]) },
    )
    expect(end.status).toBe(report.result === 'PASS' ? 0 : 5)

    const [steady, stalled] = report.trials
    expect([steady.name, stalled.name]).toEqual(['250/s', '250/s with a stall of 1 s'])
    expect(steady.stall).toBeNull()
    expect(stalled.stall?.length_ms).toBeGreaterThanOrEqual(900)
    expect([steady.measured, stalled.measured]).toEqual([500, 750])
    for (const { rows, bytes } of report.trials) {
      expect(rows.map(({ name }) => name)).toEqual('p50 p75 p90 p95 p99 p99_9 max'.split(' '))
      for (const { direction, expected, counted } of bytes) {
        expect(`${direction} ${counted}`).toBe(`${direction} ${expected}`)
      }
    }
    // No coordinated omission: a message due at the beginning of the stall waits for all of it.
    const worst = stalled.rows.filter(({ name }) => name === 'p99_9' || name === 'max')
    for (const { response } of worst) expect(response).toBeGreaterThan(900_000)
  }, 30_000)

  it('leaves no process behind when it is interrupted', async () => {
    const run = startBench(['selftest', '--quick', '--json'])
    let children: readonly number[] = []
    await expect.poll(() => (children = childrenOf(run.pid)).length, { timeout: 10_000 }).toBe(1)
    run.child.kill('SIGINT')
    const { status, stdout } = await run.ended
    expect(status).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, trials: [] })
    await expect.poll(() => children.some(isAlive)).toBe(false)
  })

  it('takes no target', () => {
    const words = [join(packageRoot(), 'bin', 'pushctl.js'), 'bench', 'selftest', 'tcp://[::1]:1']
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toContain('expected no TARGET after selftest, got "tcp://[::1]:1"')
  })
})
