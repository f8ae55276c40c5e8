import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { bench } from './bench-process.ts'

// The profile of a million devices in the size of CI: 20,000 over processes of 12,000 descriptors.

const DEVICES = 20_000
const LIMITED = ['sh', '-c', 'ulimit -n 12000 && exec "$0" "$@"']
/** What a machine that does other things meanwhile makes of a run; none of it is a loss. */
const BUSY_HOST = /for a CPU|lagged|late|collect|CPU|backlog|accept queue/

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('holds 20,000 devices in processes of its own choice, and loses nothing', async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-million-'))
  const size = ['--profile', 'million', '-c', String(DEVICES), '--unicasts', '2k', '--out', folder]
  const time = ['-d', '6s', '--heartbeat', '2s']
  const { report, status } = await bench([...size, ...time], LIMITED)
  const { connections, messages, metrics, plan, verdict } = report
  expect(connections).toMatchObject({
    requested: DEVICES,
    established: DEVICES,
    alive_at_end: DEVICES,
    failures: [],
  })
  expect(messages).toMatchObject({
    sent: messages.planned,
    expected: 2_000 + DEVICES,
    received: 2_000 + DEVICES,
    lost: 0,
    duplicated: 0,
  })
  expect(metrics.broadcast_all?.response.count).toBe(1)
  // Two intervals fit into the measured time, for every device.
  expect(metrics.heartbeat_rtt?.response.count).toBeGreaterThanOrEqual(2 * DEVICES)
  expect(plan['shards']).toMatchObject({
    kind: 'process',
    count: 2,
    reason: 'a process may open 12000 descriptors',
  })
  // Bytes reconcile whatever the host did: no reason names them.
  for (const reason of verdict.reasons) expect(reason).toMatch(BUSY_HOST)
  expect(verdict.reasons.length > 0).toBe(verdict.value !== 'VALID')
  expect(status).toBe(verdict.value === 'INVALID' ? 5 : 0)
  expect(readdirSync(folder)).toContain('report.json')
}, 60_000)
