import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MemoryTree } from '../../src/doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../src/doctor/facts-reader/captured-source.ts'
import { readFacts } from '../../src/doctor/facts-reader/read-facts.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import type { Target } from '../../src/doctor/target.ts'
import { targetWith } from './facts-builder.ts'

/** A capture as one text: "==> path <==" before each file, as `head -v` prints it. */
async function factsOf(name: string) {
  const text = readFileSync(new URL(`captures/${name}.txt`, import.meta.url), 'utf8')
  const files = new Map<string, string>()
  for (const part of text.split(/^==> /m).slice(1)) {
    const [, path = '', content = ''] = /^(\S+) <==\n([\s\S]*)$/.exec(part) ?? []
    files.set(path, content)
  }
  const source = new CapturedSource({ kind: 'root', name }, new MemoryTree(files))
  return readFacts(source, { windowMs: 5_000, pids: [], ports: [] })
}

async function findingsOf(name: string, target: Partial<Target> = {}): Promise<Finding[]> {
  const findings = runChecks(await factsOf(name), targetWith(target))
  expect(findings.filter(({ observed }) => observed.includes('bug'))).toEqual([])
  return findings
}

async function find(name: string, id: string, target: Partial<Target> = {}): Promise<Finding> {
  const finding = (await findingsOf(name, target)).find((each) => each.id === id)
  if (finding === undefined) throw new Error(`${id} said nothing about ${name}`)
  return finding
}

describe('doctor on captures', () => {
  it('finds two of eight CPUs at 58 % softirq', async () => {
    const finding = await find('softirq-two-of-eight', 'cpu/softirq-balance')
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('58 %')
  })

  it('finds a listener with somaxconn 128, in the folded output of an old ss', async () => {
    const target = { connectsPerSecond: 30_000 }
    expect((await find('somaxconn-128', 'listen/somaxconn', target)).status).toBe('critical')
    expect(await find('somaxconn-128', 'listen/backlog', target)).toMatchObject({
      status: 'warn',
      subject: '*:8080',
      observed: expect.stringContaining('clipped by net.core.somaxconn'),
    })
    expect(await find('somaxconn-128', 'listen/overflow')).toMatchObject({
      status: 'warn',
      observed: '4,711 packets dropped since boot, most at *:8080',
    })
  })

  it('finds tcp_tw_recycle on a 3.10 host and says why', async () => {
    const finding = await find('tw-recycle-3.10', 'tw/recycle')
    expect(finding.status).toBe('critical')
    expect(finding.why).toContain('NAT')
    expect((await find('tw-recycle-3.10', 'listen/syn-backlog')).status).toBe('warn')
  })

  it('finds a conntrack table at 95 %', async () => {
    const finding = await find('conntrack-95', 'conntrack/fill')
    expect(finding.status).toBe('critical')
    expect(finding.observed).toContain('95 %')
  })

  it('leaves what a container cannot see unknown', async () => {
    const orphans = await find('container', 'tw/orphans')
    expect(orphans.status).toBe('unknown')
    expect(orphans.observed).toContain('belongs to the host')
    expect((await find('container', 'tw/fin-timeout')).status).toBe('ok')
  })

  it('counts IPv6 clients and names IPv6 listeners', async () => {
    const facts = await factsOf('ipv6-only')
    expect(facts.after.sockstat).toMatchObject({ value: { tcpInUse: 0, tcp6InUse: 9_000 } })
    const findings = await findingsOf('ipv6-only', { connectsPerSecond: 30_000 })
    const backlogs = findings.filter(({ id }) => id === 'listen/backlog')
    expect(backlogs.map(({ subject }) => subject)).toEqual(['[::]:8443', '[fe80::1]:9443'])
    expect(backlogs[0]?.fix_now).toContain('/system.slice/push.service')
    expect(await find('ipv6-only', 'listen/queue-now')).toMatchObject({
      status: 'critical',
      subject: '[fe80::1]:9443',
    })
    expect((await find('ipv6-only', 'tw/count')).evidence).toContain(
      '1 × 198.51.100.7 → local port 8443',
    )
  })

  it('counts across a wrap, and knows a counter that went backwards', async () => {
    const backlog = await find('wrapped-counters', 'nic/backlog')
    expect(backlog.status).toBe('critical')
    expect(backlog.evidence.join('\n')).toContain('+12')
    expect((await find('wrapped-counters', 'listen/overflow')).status).toBe('unknown')
  })
})
