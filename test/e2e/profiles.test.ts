import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { listProfiles } from '../../src/config/profile.ts'
import { bench } from './bench-process.ts'

const out = mkdtempSync(join(tmpdir(), 'pushctl-profiles-'))
afterAll(() => rmSync(out, { recursive: true }))

const SMALL = ['-c', '40', '--connect-rate', '400', '--warmup', '100ms']
/** Where the profile has a rate or counts of its own. */
const LESS: Readonly<Record<string, readonly string[]>> = {
  quick: ['-R', '50'],
  million: ['--unicasts', '20'],
  'echo-latency': ['-R', '50'],
  'broadcast-fanout': ['-R', '5'],
  'mixed-360': ['-R', '50'],
  'soak-24h': ['-R', '50'],
  'unicast-qos1': ['-R', '50'],
  'meizu-100k-per-second': ['-R', '50'],
  'wangwang-long-poll': ['-R', '50'],
  'mobile-bad-network': ['-R', '50'],
  'slow-readers': ['-R', '20'],
}
/** A busy machine may starve the generator (5) or cross a threshold (99): all came all the same. */
const DONE = [0, 5, 99]

// Side by side: most of their time is doctor's, who looks at the host twice and waits between.
const names = await listProfiles('load')
it.concurrent.each(names)(
  'profile %s runs, with fewer connections',
  async (name) => {
    const isStorm = name === 'reconnect-storm'
    const duration = ['-d', isStorm ? '4s' : '600ms']
    const words = [
      '--profile',
      name,
      ...SMALL,
      ...duration,
      '--out',
      join(out, name),
      ...(LESS[name] ?? []),
    ]
    const { status, report, stderr } = await bench(words)
    expect(stderr).toBe('')
    expect(DONE).toContain(status)
    expect(report.connections.alive_at_end).toBeGreaterThan(isStorm ? 0 : 39)
    expect(report.messages.lost).toBe(0)
    expect(report.messages.received).toBe(report.messages.expected)
    if (name !== 'idle-million' && !isStorm) expect(report.messages.received).toBeGreaterThan(0)
    if (isStorm) expect(report.metrics.reconnect_time?.response.count).toBeGreaterThan(0)
  },
  90_000,
)
