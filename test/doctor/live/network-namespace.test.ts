import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { planAdvice } from '../../../src/doctor/advice/advice-plan.ts'
import { applyPlan } from '../../../src/doctor/advice/apply-plan.ts'
import { type HostFiles, hostFiles, isKernelFile } from '../../../src/doctor/advice/host-files.ts'
import { rollBack } from '../../../src/doctor/advice/roll-back.ts'
import { twCount } from '../../../src/doctor/checks/tw/count.ts'
import type { Facts } from '../../../src/doctor/facts.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { sysctlPath } from '../../../src/doctor/parsers/sysctl-conf.ts'
import { runChecks } from '../../../src/doctor/run-checks.ts'
import { raiseSysctl, setSysctl } from '../../../src/doctor/setting.ts'
import type { Target } from '../../../src/doctor/target.ts'
import { findingOfCheck, targetWith } from '../facts-builder.ts'
import { canMakeNamespaces, TestNamespace } from './test-namespace.ts'

const BLOCK = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'

function find(facts: Facts, id: string, target: Partial<Target> = {}): Finding {
  const finding = runChecks(facts, targetWith(target)).find((each) => each.id === id)
  if (finding === undefined) throw new Error(`${id} said nothing`)
  return finding
}

// Each takes a few seconds; on a host that is busy with other things, some dozens.
describe.skipIf(!canMakeNamespaces())('doctor in a network namespace', { timeout: 90_000 }, () => {
  let namespace: TestNamespace

  beforeEach(() => {
    namespace = new TestNamespace()
  })

  afterEach(() => namespace.end())

  it('names the listener whose accept queue overflows', async () => {
    await namespace.start(`
      require('node:net').createServer().listen({ port: 7001, host: '127.0.0.1', backlog: 4 },
        () => { require('node:fs').writeSync(1, 'blocked\\n'); ${BLOCK} })`)
    await namespace.start(`
      for (let i = 0; i < 40; i += 1) require('node:net').connect(7001, '127.0.0.1').on('error', () => {})
      setTimeout(() => console.log('dialled'), 100)`)
    const facts = await namespace.facts(2_500)
    expect(find(facts, 'listen/overflow')).toMatchObject({
      status: 'critical',
      subject: '127.0.0.1:7001',
    })
    expect(find(facts, 'listen/queue-now')).toMatchObject({
      status: 'critical',
      observed: expect.stringMatching(/^5 of 4 waiting/),
    })
  })

  it('sees SYNs dropped at a full SYN queue', async () => {
    // Answers go to a wrong link address, so that no handshake is ever completed.
    namespace.run('ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far')
    const other = new TestNamespace()
    try {
      namespace.run('ip', 'link', 'set', 'far', 'netns', other.name)
      namespace.run('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'near')
      namespace.run('ip', 'link', 'set', 'near', 'up')
      other.run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'far')
      other.run('ip', 'link', 'set', 'far', 'up')
      const wrong = ['lladdr', '02:00:00:00:00:99', 'dev', 'near', 'nud', 'permanent']
      namespace.run('ip', 'neigh', 'replace', '192.0.2.2', ...wrong)
      namespace.set('net/ipv4/tcp_syncookies', '0')
      await namespace.start(`require('node:net').createServer()
        .listen({ port: 7002, host: '192.0.2.1', backlog: 8 }, () => console.log('listens'))`)
      await other.start(`
        for (let i = 0; i < 60; i += 1) require('node:net').connect(7002, '192.0.2.1').on('error', () => {})
        setTimeout(() => console.log('dialled'), 100)`)
      const facts = await namespace.facts(2_500)
      const finding = find(facts, 'listen/syn-recv')
      expect(finding.status).toBe('critical')
      expect(finding.subject).toBe('port 7002')
      expect(finding.observed).toContain('SYNs dropped at a full queue')
    } finally {
      await other.end()
    }
  })

  it('sees a generator run out of ports, and TIME_WAIT on them', async () => {
    namespace.set('net/ipv4/ip_local_port_range', '40000 40019')
    namespace.set('net/ipv4/tcp_tw_reuse', '0')
    await namespace.start(`
      const net = require('node:net')
      net.createServer((socket) => socket.on('error', () => {}).resume()).listen(7003, '127.0.0.1', async () => {
        const codes = []
        for (let i = 0; i < 21; i += 1) await new Promise((done) => {
          const socket = net.connect(7003, '127.0.0.1', () => socket.end())
          socket.on('error', (error) => codes.push(error.code)).on('close', done)
        })
        console.log(codes.join())
      })`)
    const facts = await namespace.facts(200)
    const target = { role: 'loadgen', connections: 100 } as const
    expect(find(facts, 'ports/range', target).status).toBe('critical')
    expect(findingOfCheck(twCount, facts, { ...target })).toMatchObject({ status: 'critical' })
    expect(find(facts, 'tw/count', target).evidence).toContain('20 × this host → 127.0.0.1:7003')
  })

  it('sees TIME_WAIT overflow while it happens', async () => {
    namespace.set('net/ipv4/tcp_max_tw_buckets', '4')
    await namespace.start(`
      const net = require('node:net')
      net.createServer((socket) => socket.on('error', () => {}).resume()).listen(7004, '127.0.0.1', () => {
        const again = () => {
          const socket = net.connect(7004, '127.0.0.1', () => socket.end())
          socket.on('error', () => {}).on('close', () => setTimeout(again, 5))
        }
        again()
        console.log('churns')
      })`)
    const finding = find(await namespace.facts(1_000), 'tw/overflow')
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('left TIME_WAIT at the cap now')
  })

  it('names the program that leaks CLOSE_WAIT', async () => {
    await namespace.start(`
      const net = require('node:net')
      const held = []
      let ended = 0
      net.createServer({ allowHalfOpen: true }, (socket) => {
        held.push(socket)
        socket.on('error', () => {}).on('end', () => { if ((ended += 1) === 150) console.log('leaks') }).resume()
      }).listen(7005, '127.0.0.1', () => {
        for (let i = 0; i < 150; i += 1) { const socket = net.connect(7005, '127.0.0.1', () => socket.end()) }
      })`)
    const finding = find(await namespace.facts(300), 'tw/close-wait')
    expect(finding.status).toBe('critical')
    // Other work on this machine may hold so many files that owners are not asked for.
    const [open = 0] = readFileSync('/proc/sys/fs/file-nr', 'utf8').split('\t').map(Number)
    // Node 24 calls its main thread MainThread, and that is the name the kernel tells.
    const owner = /(node|MainThread) \(pid \d+\)/
    const mayBeUnknown = open > 50_000 && finding.observed.includes('owner not known')
    expect(finding.observed).toMatch(/^150 in CLOSE_WAIT.*local port 7005/)
    if (!mayBeUnknown) expect(finding.observed).toMatch(owner)
  })

  it('applies and rolls back byte for byte', async () => {
    const root = mkdtempSync(join(tmpdir(), 'pushctl-live-'))
    try {
      // Values go to the namespace, files to a folder: the namespace shares /etc with the host.
      const folder = hostFiles(root)
      const files: HostFiles = {
        read: async (path) => (isKernelFile(path) ? namespace.run('cat', path) : folder.read(path)),
        write: async (path, content) => {
          if (isKernelFile(path))
            namespace.run('sh', '-c', `printf %s "$1" > ${path}`, 'sh', content)
          else await folder.write(path, content)
        },
        remove: folder.remove,
      }
      const keys = ['net.ipv4.tcp_rmem', 'net.core.somaxconn', 'net.ipv4.ip_local_reserved_ports']
      const bytes = () => keys.map((key) => namespace.run('cat', sysctlPath(key)))
      const before = bytes()
      const facts = await namespace.facts(100)
      const finding = find(facts, 'listen/somaxconn')
      const settings = [
        raiseSysctl('net.core.somaxconn', 16_384, 'queue'),
        raiseSysctl('net.ipv4.tcp_rmem', '8192 200000 7000000', 'windows'),
        setSysctl('net.ipv4.ip_local_reserved_ports', '8080,9000-9010', 'services'),
      ]
      const plan = planAdvice(facts, [{ ...finding, settings }])
      const title = { target: 'server', host: 'namespace' }
      const host = { kernelRelease: '', networkInode: '', bootId: '' }
      const report = await applyPlan(files, plan, title, host)
      expect(report.refused).toBeNull()
      expect(bytes()).not.toEqual(before)
      await rollBack(files, host)
      expect(bytes()).toEqual(before)
      // Ports in the wrong order: the kernel says EINVAL, and what was written before it goes back.
      const wrong = [settings[0]!, setSysctl('net.ipv4.ip_local_port_range', '9000 8000', 'x')]
      const refused = await applyPlan(
        files,
        planAdvice(facts, [{ ...finding, settings: wrong }]),
        title,
        host,
      )
      expect(refused.refused?.path).toBe('/proc/sys/net/ipv4/ip_local_port_range')
      expect(bytes()).toEqual(before)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })

  it('knows that it is not the host, and leaves what is the host’s to the host', async () => {
    const facts = await namespace.facts(100)
    expect(facts.host.namespaces.network).toMatchObject({ known: true, value: 'child' })
    const orphans = find(facts, 'tw/orphans')
    expect(orphans.status).toBe('unknown')
    expect(orphans.observed).toContain('belongs to the host')
    const settings = [raiseSysctl('net.ipv4.tcp_max_orphans', 9_999_999, 'x')]
    const plan = planAdvice(facts, [{ ...orphans, settings }])
    expect(plan.sysctls).toEqual([])
    expect(plan.forHost).toHaveLength(1)
  })
})
