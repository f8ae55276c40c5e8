import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { command } from '../../src/commands/doctor.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { listProfiles } from '../../src/config/profile.ts'
import { startCommand } from './command-run.ts'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pushctl-doctor-'))
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}

async function doctor(...words: string[]) {
  const run = startCommand(command as AnyCommand, words)
  run.stdin.end('')
  const code = await run.ended
  return { code, out: run.host.out(), err: run.host.err() }
}

interface Document {
  readonly schema: string
  readonly worst: string
  readonly findings: { id: string; status: string; host: string; fix_now: string }[]
}

async function findingsOfRoot(...words: string[]): Promise<{ code: number; document: Document }> {
  const { code, out } = await doctor('--root', root, '--json', ...words)
  return { code, document: JSON.parse(out) as Document }
}

describe('pushctl doctor', () => {
  it('judges a captured host by the target, and says unknown for what is missing', async () => {
    put('proc/sys/net/core/somaxconn', '128\n')
    put('proc/sys/net/ipv4/tcp_tw_recycle', '1\n')
    const { code, document } = await findingsOfRoot('-c', '1m', '--connect-rate', '30k')
    expect(code).toBe(0)
    expect(document.schema).toBe('pushctl.doctor/1')
    expect(document.worst).toBe('critical')
    const byId = new Map(document.findings.map((finding) => [finding.id, finding]))
    expect(byId.get('listen/somaxconn')).toMatchObject({
      status: 'critical',
      fix_now: 'sysctl -w net.core.somaxconn=16384',
    })
    expect(byId.get('tw/recycle')?.status).toBe('critical')
    expect(byId.get('listen/overflow')?.status).toBe('unknown')
    expect(document.findings.filter(({ status }) => status === 'ok')).toEqual([])
  })

  it('ends with 99 only at --fail-on', async () => {
    put('proc/sys/net/core/somaxconn', '128\n')
    expect((await findingsOfRoot('--fail-on', 'critical')).code).toBe(0)
    const storm = ['--connect-rate', '30k'] as const
    expect((await findingsOfRoot(...storm, '--fail-on', 'critical')).code).toBe(99)
    expect((await findingsOfRoot('--fail-on', 'warn')).code).toBe(99)
  })

  it('writes files with their undo, and nothing without --write', async () => {
    put('proc/sys/net/core/somaxconn', '128\n')
    const advice = join(root, 'advice')
    await doctor('--root', root, '--connect-rate', '30k')
    expect(readdirSync(root)).toEqual(['proc'])
    const { err } = await doctor('--root', root, '--connect-rate', '30k', '--write', advice)
    expect(err).toContain('sysctl.d/90-pushctl.conf')
    expect(readFileSync(join(advice, 'sysctl.d/90-pushctl.conf'), 'utf8')).toContain(
      'net.core.somaxconn = 16384\n',
    )
    expect(readFileSync(join(advice, 'sysctl.d/90-pushctl.undo.conf'), 'utf8')).toContain(
      'net.core.somaxconn = 128\n',
    )
  })

  it('teaches one check and lists all', async () => {
    const { out } = await doctor('--explain', 'tw/recycle')
    expect(out).toContain('NAT')
    expect((await doctor('--list')).out).toContain('listen/somaxconn')
    const wrong = await doctor('--explain', 'recycle')
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('--explain tw/recycle')
  })

  it('looks at this host', async () => {
    const { code, out } = await doctor('--window', '100ms', '--json')
    expect(code).toBe(0)
    const document = JSON.parse(out) as Document
    expect(document.findings.find(({ id }) => id === 'listen/somaxconn')?.status).not.toBe(
      'unknown',
    )
  })

  it('names all settings that do not fit', async () => {
    const { code, err } = await doctor('--host', '-oProxyCommand=x', '--apply', '--also', 'x')
    expect(code).toBe(2)
    expect(err).toContain('--apply changes this host only')
    expect(err).toContain('--host must be user@host')
    expect(err).toContain('--also must be KEY=VALUE')
    expect((await doctor('--root', join(root, 'none'))).code).toBe(2)
  })

  it('fetches metrics over HTTP only, and from here', async () => {
    const { code, err } = await doctor('--metrics', 'ftp://x/', '--host', 'a')
    expect(code).toBe(2)
    expect(err).toContain('--metrics must be an http or https URL')
    expect(err).toContain('cannot go with --host')
  })

  it('says unknown of everything where the root is no captured Linux', async () => {
    put('etc/rc.conf', 'hostname="bsd"\n')
    const { code, document } = await findingsOfRoot('--role', 'both')
    expect(code).toBe(0)
    // What a program binds cannot be seen on any host: that one check only informs.
    const judged = document.findings.filter(({ id }) => id !== 'ports/bind-no-port')
    expect(new Set(judged.map(({ status }) => status))).toEqual(new Set(['unknown']))
  })

  it('ends where a file cannot be made, and says which', async () => {
    put('proc/uptime', '1.0 1.0\n')
    const { code, err } = await doctor('--root', root, '--capture', '/proc/none')
    expect([code, err]).toEqual([2, expect.stringContaining('/proc/none')])
  })

  it('knows every kernel profile, each with its consequences in comments', async () => {
    const names = await listProfiles('kernel')
    expect(names).toEqual(['behind-nat', 'both', 'load-generator', 'mobile-clients', 'push-server'])
    for (const name of names) {
      const { code, err } = await doctor('--root', root, '--profile', name)
      expect(`${name} ${code} ${err}`).toBe(`${name} 0 `)
    }
  })
})
