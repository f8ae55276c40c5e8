import { describe, expect, it } from 'vitest'
import { MemoryTree } from '../../src/doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../src/doctor/facts-reader/captured-source.ts'
import { readFacts } from '../../src/doctor/facts-reader/read-facts.ts'
import type { Finding, Status } from '../../src/doctor/finding.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import type { Target } from '../../src/doctor/target.ts'
import { readCapture } from './capture-text.ts'
import { targetWith } from './facts-builder.ts'

async function factsOf(name: string) {
  const source = new CapturedSource({ kind: 'root', name }, new MemoryTree(readCapture(name)))
  return readFacts(source, { windowMs: 5_000, pids: [], ports: [] })
}

async function findingsOf(name: string, target: Partial<Target> = {}): Promise<Finding[]> {
  const findings = runChecks(await factsOf(name), targetWith(target))
  expect(findings.filter(({ observed }) => observed.includes('bug'))).toEqual([])
  return findings
}

const STORM = { connectsPerSecond: 30_000 } as const
const LOADGEN = { role: 'loadgen' } as const

/** What doctor must say of each captured host; `words` stand in what was observed, or why. */
type Saying = readonly [
  id: string,
  subject: string | null,
  status: Status,
  words: string,
  target?: Partial<Target>,
]

const CAPTURED: Readonly<Record<string, readonly Saying[]>> = {
  // Two of eight CPUs at 58 % softirq, their NIC without RPS.
  'softirq-two-of-eight': [
    ['cpu/softirq-balance', null, 'critical', '58 %'],
    ['cpu/softirq-balance', null, 'warn', '58 %', LOADGEN],
  ],
  // A listener clipped to 128, in the folded output of an old ss.
  'somaxconn-128': [
    ['listen/somaxconn', null, 'critical', '128, full after 4 ms at 30,000 connects/s', STORM],
    ['listen/somaxconn', null, 'warn', '128, full after 128 ms'],
    ['listen/backlog', '*:8080', 'warn', 'clipped by net.core.somaxconn', STORM],
    ['listen/overflow', null, 'warn', '4,711 packets dropped since boot, most at *:8080'],
    ['listen/queue-now', '*:8080', 'info', '90 of 128 waiting'],
  ],
  'tw-recycle-3.10': [
    ['tw/recycle', null, 'critical', 'NAT'],
    ['tw/recycle', null, 'warn', 'NAT', LOADGEN],
    ['listen/syn-backlog', null, 'warn', ''],
    ['files/sysctl-lint', 'net.ipv4.tcp_tw_recycle', 'warn', 'gone since kernel 4.12'],
  ],
  'conntrack-95': [
    ['conntrack/fill', null, 'critical', '95 %'],
    ['conntrack/max', null, 'critical', '262,144', { connections: 1_000_000 }],
  ],
  // Its namespace hides what belongs to the host: unknown, and never ok.
  container: [
    ['tw/orphans', null, 'unknown', 'belongs to the host'],
    ['memory/tcp-mem', null, 'unknown', ''],
    ['cgroup/netns-scope', null, 'info', ''],
    ['tw/fin-timeout', null, 'ok', ''],
  ],
  'ipv6-only': [
    ['listen/backlog', '[::]:8443', 'warn', '511 in force', STORM],
    ['listen/backlog', '[fe80::1]:9443', 'warn', '4,096 in force', STORM],
    ['listen/queue-now', '[fe80::1]:9443', 'critical', '4,000 of 4,096'],
  ],
  // 32 bits wrapped, 64 bits cannot: that one went backwards.
  'wrapped-counters': [
    ['nic/backlog', null, 'critical', ''],
    ['listen/overflow', null, 'unknown', 'went backwards'],
  ],
}

describe.each(Object.entries(CAPTURED))('of the captured host %s doctor', (name, sayings) => {
  it.each(sayings)('says of %s %s: %s', async (...saying) => {
    const [id, subject, status, words, target] = saying as unknown as Saying
    const findings = (await findingsOf(name, target)).filter((finding) => finding.id === id)
    const finding = findings.find((each) => subject === null || each.subject === subject)
    expect(finding, findings.map((each) => each.subject).join()).toBeDefined()
    expect([finding!.status, finding!.observed]).toEqual([status, finding!.observed])
    expect(`${finding!.observed} ${finding!.why}`).toContain(words)
  })
})

describe('doctor on captures', () => {
  it('counts IPv6 clients, names their peers, and the service to restart', async () => {
    const facts = await factsOf('ipv6-only')
    expect(facts.after.sockstat).toMatchObject({ value: { tcpInUse: 0, tcp6InUse: 9_000 } })
    const findings = await findingsOf('ipv6-only', STORM)
    const backlog = findings.find(({ id }) => id === 'listen/backlog')
    expect(backlog?.fix_now).toContain('/system.slice/push.service')
    expect(findings.find(({ id }) => id === 'tw/count')?.evidence).toContain(
      '1 × 198.51.100.7 → local port 8443',
    )
  })

  it('counts across a wrap', async () => {
    const findings = await findingsOf('wrapped-counters')
    const backlog = findings.find(({ id }) => id === 'nic/backlog')
    expect(backlog?.evidence.join('\n')).toContain('+12')
  })

  it.each([
    ['server', { role: 'server', connections: 1_000_000, dirtySockets: 1_000_000, ...STORM }],
    ['loadgen', { role: 'loadgen', connections: 200_000, connectsPerSecond: 5_000 }],
  ] as const)('says the same of a real host as it did before, as %s', async (role, target) => {
    const findings = await findingsOf('real-6.18/host', target)
    const lines = findings.map(
      ({ id, subject, status, observed }) =>
        `${status.padEnd(8)} ${subject === null ? id : `${id} ${subject}`}: ${observed}`,
    )
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(
      `captures/real-6.18/findings-${role}.txt`,
    )
  })
})
