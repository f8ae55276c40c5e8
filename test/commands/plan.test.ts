import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { command } from '../../src/commands/plan.ts'
import { SAMPLE_REPORT } from '../report/sample-report.ts'
import { startCommand } from './command-run.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function plan(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const run = startCommand(command, words)
  const code = await run.ended
  return { code, out: run.host.out(), err: run.host.err() }
}

function savedReport(changes: Partial<typeof SAMPLE_REPORT>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-plan-'))
  folders.push(folder)
  const file = join(folder, 'report.json')
  writeFileSync(file, JSON.stringify({ ...SAMPLE_REPORT, ...changes }))
  return file
}

describe('pushctl plan', () => {
  it('answers first, then says what the answer rests on', async () => {
    const { code, out } = await plan('--devices', '25m', '--push-rate', '6m/m')
    expect(code).toBe(0)
    const [answer, load, node, limits] = out.split('\n\n')
    expect(answer).toBe('26 nodes: 25 carry 25,000,000 connections, 1 may be lost; policy decides')
    expect(load).toMatchInlineSnapshot(`
      "Load
        online                      25,000,000
        deliveries at the peak      300,000/s
        heartbeats                  83,333/s, each 300 s
        connections that come anew  25,000/s"
    `)
    expect(node).toMatchInlineSnapshot(`
      "One node after that loss, at the peak
        connections  1,000,000 (961,539 with all nodes)
        memory       3.85 GiB in the kernel, 677 MiB in processes
        cores        0.13 in processes, 0.13 in softirq
        network out  73.2 Mbit/s, 31,333 packets/s
        network in   30 Mbit/s, 35,667 packets/s
        deliveries   12,000/s"
    `)
    expect(limits).toMatchInlineSnapshot(`
      "Limits of a node, of what may be used
                       connections    used  after loss
        memory          11,302,150  9.06 %       9.4 %
        cpu             30,211,480  3.18 %      3.31 %
        bandwidth out   81,913,499  1.17 %      1.22 %
        bandwidth in   199,715,959  0.48 %       0.5 %
        packets         28,037,383  3.43 %      3.57 %
        policy           1,000,000  96.2 %       100 %"
    `)
    expect(out).toContain('NOT PROVEN: no run of --from carried what a node must')
  })

  it('gives the numbers of the examples in docs/planning.md', async () => {
    const text = readFileSync(join(packageRoot(), 'docs/planning.md'), 'utf8')
    const examples = [...text.matchAll(/`pushctl plan ([^`]+)`: (\d+) nodes/g)]
    expect(examples).toHaveLength(2)
    for (const [, words, nodes] of examples) {
      const document = JSON.parse((await plan(...words.split(/\s+/), '--json')).out)
      expect(document.fleet.nodes).toBe(Number(nodes))
    }
  })

  it('says the same as a document', async () => {
    const { out } = await plan('--devices', '2m', '--sites', '2', '--survive', 'site', '--json')
    expect(JSON.parse(out)).toMatchObject({
      schema: 'pushctl.plan/1',
      input: { devices: 2_000_000, sites: 2, survive: 'site' },
      fleet: { nodes: 4, nodesPerSite: 2, nodesWorking: 2, decidedBy: 'policy' },
      storms: [{ lost: 'a node' }, { lost: 'a site', connections: 1_000_000 }],
      evidence: [],
    })
  })

  it('writes the same as one page without a script, and as a document', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-plan-'))
    folders.push(folder)
    const page = join(folder, 'one.html')
    const { code, out, err } = await plan('--devices', '2m', '--html', page, '--out', folder)
    expect(code).toBe(0)
    expect(err).toContain(`wrote ${page}`)
    const text = readFileSync(page, 'utf8')
    expect(text).toContain(`<h1>${out.split('\n')[0]}</h1>`)
    for (const title of ['Load', 'Redis', 'Settings of a node', 'Assumptions', 'Evidence']) {
      expect(text).toContain(`<h2>${title}</h2>`)
    }
    expect(text).toContain("default-src 'none'; style-src 'sha256-")
    expect(text).not.toMatch(/<script|\sstyle=|\ssrc=|\shref=/)
    expect(readFileSync(join(folder, 'plan.html'), 'utf8')).toBe(text)
    const document = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))
    expect(document).toMatchObject({ schema: 'pushctl.plan/1', input: { devices: 2_000_000 } })
  })

  it('says where a page cannot be written', async () => {
    const { code, err } = await plan('--devices', '2m', '--html', '/nowhere/plan.html')
    expect(code).not.toBe(0)
    expect(err).toContain('/nowhere/plan.html')
  })

  it('takes costs from a report and holds it to thresholds', async () => {
    const file = savedReport({
      verdict: { value: 'VALID', reasons: [] },
      memory: { generator_bytes_per_connection: 9, target_bytes_per_connection: 777 },
      thresholds: [],
    })
    const words = ['--devices', '100', '--from', file, '--json']
    const document = JSON.parse((await plan(...words)).out)
    const row = document.assumptions.find(({ name }: { name: string }) => name === 'process-bytes')
    expect(row).toMatchObject({ value: 777, source: file })
    expect((await plan('--devices', '100', '--from', file)).out).toContain(
      'a run carried what a node must (100 connections',
    )
    const held = await plan('--devices', '100', '--from', file, '--slo', 'push_latency:max<1us')
    expect(held.out).toContain('NOT PROVEN')
    expect(held.out).toContain('crossed push_latency:max<1us')
  })

  it('names all faults at once', async () => {
    const { code, err } = await plan(
      ...[
        '--devices',
        '1k',
        '--survive',
        'site',
        '--assume',
        'x=1',
        '--slo',
        'push_latency:p99<1s',
      ],
    )
    expect(code).toBe(2)
    expect(err).toContain('--survive site needs at least 2 sites, got 1')
    expect(err).toContain('--assume knows no "x"')
    expect(err).toContain('--slo is held against reports: expected --from, got none')
  })

  it('needs to know how many devices there are', async () => {
    const { code, err } = await plan()
    expect(code).toBe(2)
    expect(err).toContain('--devices')
  })
})
