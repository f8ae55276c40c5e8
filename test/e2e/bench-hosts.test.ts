import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/doctor/check-table.ts'
import { bench } from './bench-process.ts'

const SHORT = [
  ...['-c', '50', '-d', '1s', '--warmup', '0s', '--mode', 'broadcast', '-R', '5'],
  ...['--doctor', 'on'],
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-hosts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A stand-in for ssh: runs the script here, or refuses as sshd does. */
function underSsh(script: string): string[] {
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'ssh'), 0o755)
  return ['env', `PATH=${folder}${delimiter}${process.env['PATH']}`]
}

describe('hosts in a bench report', () => {
  it('are judged by doctor over the whole run, before, during and after', async () => {
    const { report } = await bench(SHORT)
    const [here] = report.hosts
    expect(report.hosts).toHaveLength(1)
    expect(here).toMatchObject({ host: 'this host', role: 'both', failure: null })
    expect(here?.window_ms).toBeGreaterThan(1_000)
    expect(here?.readings).toBeGreaterThanOrEqual(2)
    const checks = new Set<string>(CHECKS.map(({ id }) => id))
    expect(here?.findings.length).toBeGreaterThan(0)
    for (const { id, status } of here?.findings ?? []) {
      expect(checks).toContain(id)
      expect(status).not.toBe('ok')
    }
    const { before, peaks, after } = here!
    expect(Object.keys(after)).toEqual(Object.keys(before))
    expect(peaks['established']).toBeGreaterThanOrEqual(100)
    expect(report.host.peaks['segments_sent_per_second']).toBeGreaterThan(0)
  })

  it('of the target come over ssh', async () => {
    const { report } = await bench([...SHORT, '--target-host', 'push-1'], underSsh('exec sh -s'))
    expect(report.hosts.map(({ host, role }) => [host, role])).toEqual([
      ['this host', 'both'],
      ['push-1', 'server'],
    ])
    expect(report.hosts[1]?.failure).toBeNull()
    expect(report.hosts[1]?.after['established']).toBeGreaterThan(0)
  })

  it('that refuse are named with the reason, and the run goes on', async () => {
    const refusal = 'echo "Permission denied (publickey)." >&2; exit 255'
    const { report } = await bench([...SHORT, '--target-host', 'push-1'], underSsh(refusal))
    expect(report.hosts[1]).toMatchObject({
      host: 'push-1',
      failure: 'Permission denied (publickey).',
      findings: [],
    })
    expect(report.messages.lost).toBe(0)
  })
})
