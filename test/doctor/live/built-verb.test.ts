import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '../../../src/config/package-root.ts'
import { sysctlPath } from '../../../src/doctor/parsers/sysctl-conf.ts'
import { canMakeNamespaces, TestNamespace } from './test-namespace.ts'

// The built pushctl in a network namespace, with folders of the test mounted over those of the host
// that --apply writes to: what is applied reaches neither the host's kernel nor its files.

const FOLDERS = ['/etc/sysctl.d', '/etc/security', '/etc/systemd/system', '/var/lib']
const APPLY = ['--apply', '--window', '100ms', '--connect-rate', '30k', '-c', '1m']
const KEYS = ['net.core.somaxconn', 'net.ipv4.tcp_max_tw_buckets', 'net.ipv4.ip_local_port_range']
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const
// Skipped where setpriv is missing, or where another user may not read this checkout.
const canBeNobody = canRun(...AS_NOBODY, process.execPath, '--version')

describe.skipIf(!canMakeNamespaces())(
  'the built doctor in a namespace',
  { timeout: 90_000 },
  () => {
    let namespace: TestNamespace
    let root = ''

    beforeEach(() => {
      namespace = new TestNamespace()
      root = mkdtempSync(join(tmpdir(), 'pushctl-built-'))
      for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true })
    })

    afterEach(async () => {
      await namespace.end()
      rmSync(root, { recursive: true, force: true })
    })

    async function doctor(words: readonly string[], input = '', asUser: readonly string[] = []) {
      const mounts = FOLDERS.filter((folder) => existsSync(folder))
        .map((folder) => `mount --bind ${root}${folder} ${folder}`)
        .join(' && ')
      const script = `set -e; ${mounts}; exec "$@"`
      const program = [...asUser, process.execPath, join(packageRoot(), 'bin/pushctl.js'), 'doctor']
      const child = spawn(
        'ip',
        ['netns', 'exec', namespace.name, 'sh', '-c', script, 'sh', ...program, ...words],
        { stdio: ['pipe', 'pipe', 'pipe'] },
      )
      let out = ''
      let err = ''
      child.stdout.on('data', (chunk) => (out += chunk))
      child.stderr.on('data', (chunk) => (err += chunk))
      child.stdin.end(input)
      const [code] = (await once(child, 'close')) as [number]
      return { code, out, err }
    }

    const bytes = () => KEYS.map((key) => namespace.run('cat', sysctlPath(key)))
    const filesLeft = () =>
      FOLDERS.flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }),
      )

    it('asks, applies, and rolls back byte for byte', async () => {
      const before = bytes()
      const declined = await doctor(APPLY, 'n\n')
      expect(declined.code).toBe(0)
      expect(declined.err).toContain('net.core.somaxconn: 4096 → 16384')
      // Input that ends is no yes.
      expect((await doctor(APPLY)).code).toBe(0)
      expect([bytes(), filesLeft()]).toEqual([before, []])

      const applied = await doctor([...APPLY, '--yes'])
      expect([applied.code, applied.err]).toEqual([0, expect.stringContaining('/somaxconn')])
      expect(bytes()[0]).toBe('16384\n')
      expect(readFileSync(join(root, '/etc/sysctl.d/90-pushctl.conf'), 'utf8')).toContain(
        'net.core.somaxconn = 16384\n',
      )

      const back = await doctor(['--rollback'])
      expect([back.code, back.out]).toEqual([0, expect.stringContaining('restored')])
      expect([bytes(), filesLeft().filter((name) => name !== 'pushctl')]).toEqual([before, []])
      const again = await doctor(['--rollback'])
      expect([again.code, again.err]).toEqual([2, expect.stringContaining('nothing to roll back')])
    })

    it('leaves all as it was when the kernel refuses one value', async () => {
      const before = bytes()
      const wrong = 'net.ipv4.ip_local_port_range=9000 8000'
      const { code, err } = await doctor([...APPLY, '--yes', '--also', wrong])
      expect(code).toBe(3)
      expect(err).toContain('the kernel refused the value (EINVAL)')
      expect(err).toContain('everything was put back')
      expect([bytes(), filesLeft().filter((name) => name !== 'pushctl')]).toEqual([before, []])
    })

    it.skipIf(!canBeNobody)(
      'refuses to change anything without root, before it looks',
      async () => {
        const before = bytes()
        for (const words of [[...APPLY, '--yes'], ['--rollback']]) {
          const { code, err } = await doctor(words, '', AS_NOBODY)
          expect([code, err]).toEqual([3, expect.stringContaining('must be run as root')])
        }
        expect([bytes(), filesLeft()]).toEqual([before, []])
      },
    )

    it.skipIf(!canBeNobody)('looks without root, and says what it could not read', async () => {
      const { code, out, err } = await doctor(['--window', '100ms', '--json'], '', AS_NOBODY)
      expect([code, err.includes('bug')]).toEqual([0, false])
      const { findings } = JSON.parse(out) as { findings: { observed: string }[] }
      expect(findings.filter(({ observed }) => observed.includes('check itself failed'))).toEqual(
        [],
      )
    })
  },
)

function canRun(program: string, ...words: string[]): boolean {
  try {
    execFileSync(program, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
