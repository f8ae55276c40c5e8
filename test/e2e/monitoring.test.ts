import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { fullTableOf } from '../../src/cli/command-line.ts'
import { command as serve } from '../../src/commands/serve.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { packageRoot } from '../../src/config/package-root.ts'
import { ServeProcess } from './serve-process.ts'

const docs = join(packageRoot(), 'docs')
const textOf = (path: string) => readFileSync(join(docs, path), 'utf8')

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly { readonly expr: string }[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}

const dashboard = JSON.parse(textOf('grafana/pushctl-nodes.json')) as {
  readonly panels: readonly Panel[]
}
const rules = (
  parse(textOf('alerts/pushctl.rules.yaml')) as { groups: { name: string; rules: Rule[] }[] }
).groups.flatMap((group) => group.rules)
const expressions = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...rules.map(({ expr }) => expr),
]

describe('what watches a node', () => {
  let node: ServeProcess
  /** Series names, with the labels that each was seen with. */
  const labelsOf = new Map<string, Set<string>>()

  beforeAll(async () => {
    node = await ServeProcess.start()
    await node.push({ to: ['nobody'], payload: 'x' })
    await fetch(node.url('/metrics'))
    const text = await (await fetch(node.url('/metrics'))).text()
    for (const [, name, type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
      const suffixes = { histogram: ['_bucket', '_sum', '_count'], summary: ['', '_sum', '_count'] }
      for (const suffix of suffixes[type as keyof typeof suffixes] ?? ['']) {
        labelsOf.set(`${name}${suffix}`, new Set())
      }
    }
    for (const [, name, labels = ''] of text.matchAll(/^(pushctl_\w+)(?:\{(.*)\})? /gm)) {
      for (const [, label] of labels.matchAll(/(\w+)="/g)) labelsOf.get(name!)?.add(label!)
    }
  })
  afterAll(() => node?.kill())

  it('names only metrics and labels that a running node has', () => {
    const named = expressions.flatMap((text) => [
      ...text.matchAll(/\b(pushctl_\w+)(?:\{([^}]*)\})?/g),
    ])
    expect(named.length).toBeGreaterThan(50)
    const unknown = named.flatMap(([, name, matchers = '']) => {
      const known = labelsOf.get(name!)
      if (known === undefined) return [name]
      const labels = [...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label!)
      const strange = labels.filter(
        // A metric that has no series yet (no refusal, no pause) tells no labels.
        (label) => known.size > 0 && !known.has(label) && label !== 'job' && label !== 'instance',
      )
      return strange.map((label) => `${name}{${label}}`)
    })
    expect(unknown).toEqual([])
  })

  it('draws and alarms on each of the five alarms', () => {
    const alarms = [
      'pushctl_errors_total',
      'pushctl_queue_entries',
      'pushctl_buffered_bytes',
      'pushctl_ready',
      'pushctl_http_request_duration_seconds_bucket',
    ]
    const of = (texts: readonly string[], name: string) => texts.some((text) => text.includes(name))
    const drawn = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    for (const name of [...alarms, 'pushctl_http_requests_total']) {
      expect([name, of(drawn, name)]).toEqual([name, true])
    }
    const alarmed = rules.map(({ expr }) => expr)
    for (const name of alarms) expect([name, of(alarmed, name)]).toEqual([name, true])
  })

  it('has expressions whose brackets match, and no panel on another', () => {
    for (const text of expressions) {
      for (const [open, close] of ['()', '{}', '[]'].map((pair) => pair.split(''))) {
        expect([text, text.split(open!).length]).toEqual([text, text.split(close!).length])
      }
    }
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)}:${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('says of each alert how urgent it is and what it means', () => {
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Pushctl[A-Z]\w+$/)
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary).toMatch(/\{\{ \$labels\.(instance|job) \}\}/)
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })
})

describe('the service of a node', () => {
  const unit = textOf('systemd/pushctl.service')
  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

  it('starts with flags that serve has, and lets the drain end', () => {
    const [, words] = /^ExecStart=\S+ serve (.*)$/m.exec(unit)!
    const flags = [...words!.matchAll(/--([a-z-]+)/g)].map(([, flag]) => flag)
    const known = Object.values(fullTableOf(serve as unknown as AnyCommand)).map(({ flag }) => flag)
    expect(flags.filter((flag) => !known.includes(flag!))).toEqual([])
    const stopMs = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)![1]) * 1_000
    expect(stopMs).toBeGreaterThan(serve.options.drainMs.default)
  })

  it.skipIf(!hasSystemd)('is a unit that systemd accepts without a warning', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-unit-'))
    try {
      const path = join(folder, 'pushctl.service')
      writeFileSync(path, unit.replace('/usr/local/bin/pushctl', process.execPath))
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], SYSTEMD_LOG_LEVEL: 'warning' },
      })
      // Other units of the host may have faults of their own.
      const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('pushctl'))
      expect([status, about]).toEqual([0, []])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('reads a config file as docs/operations.md shows it', () => {
    const [, yaml] = /^```yaml\n([^]*?)^```$/m.exec(textOf('operations.md'))!
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-config-'))
    try {
      const path = join(folder, 'node.yaml')
      writeFileSync(path, yaml!)
      const bin = join(packageRoot(), 'bin', 'pushctl.js')
      const words = [bin, 'serve', '--config', path, '--explain', '--json']
      const { status, stderr } = spawnSync(process.execPath, words, {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      })
      expect([status, stderr]).toEqual([0, ''])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
