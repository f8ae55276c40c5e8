import { describe, expect, it } from 'vitest'
import type { Fact } from '../../../src/doctor/fact.ts'
import { known, unknown } from '../../../src/doctor/fact.ts'
import type { Facts } from '../../../src/doctor/facts.ts'
import { MemoryTree } from '../../../src/doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../../src/doctor/facts-reader/captured-source.ts'
import type { CommandOutput, FactSource } from '../../../src/doctor/facts-reader/fact-source.ts'
import { LiveSource } from '../../../src/doctor/facts-reader/live-source.ts'
import { readFacts } from '../../../src/doctor/facts-reader/read-facts.ts'
import { RecordingSource } from '../../../src/doctor/facts-reader/recording-source.ts'
import { findingsText } from '../../../src/doctor/findings-text.ts'
import { runChecks } from '../../../src/doctor/run-checks.ts'
import { movingCounters } from '../../../src/doctor/watch/moving-counters.ts'
import { watchPanel } from '../../../src/doctor/watch/watch-panel.ts'
import { targetWith } from '../facts-builder.ts'

const REQUEST = { windowMs: 20, pids: [1], ports: [] }

describe('reading facts', () => {
  it('reads this kernel, and reads the same from the capture it made', async () => {
    const recording = new RecordingSource(new LiveSource())
    const live = await readFacts(recording, REQUEST)
    const captured = await readFacts(capturedFrom(recording.files), REQUEST)
    expect(live.sampling).toBe('window')
    expect(live.after.netstat.known).toBe(true)
    expect(captured.windowMs).toBe(live.windowMs)
    expect(knownValues(captured)).toEqual(knownValues(live))
  })

  it('reads no secret', async () => {
    const recording = new RecordingSource(new LiveSource())
    await readFacts(recording, REQUEST)
    expect(
      [...recording.files.keys()].filter((path) => /_key|stable_secret|environ/.test(path)),
    ).toEqual([])
  })

  it('takes a capture of one moment as one sample', async () => {
    const facts = await readFacts(
      capturedFrom(
        new Map([
          ['proc/net/sockstat', 'sockets: used 3\nTCP: inuse 2 orphan 0 tw 1 alloc 2 mem 0\n'],
        ]),
      ),
      REQUEST,
    )
    expect(facts.sampling).toBe('single')
    expect(facts.after.sockstat).toMatchObject({ known: true, value: { timeWait: 1 } })
    expect(facts.after.softnet).toMatchObject({ known: false, reason: 'does not exist here' })
  })

  it.each([
    ['is empty', ''],
    ['is binary', '\u0000\ufffd\u0007'.repeat(50)],
    ['is another file', '<html><body>502 Bad Gateway</body></html>\n'],
    ['is cut in the middle', 'TcpExt: SyncookiesSent Sync'],
    ['holds absurd numbers', 'TCP: inuse 99999999999999999999999 orphan -5 tw x alloc 1 mem 0\n'],
  ])('survives a host where every file %s, and calls nothing ok', async (_, text) => {
    const request = { ...REQUEST, ports: [80], metrics: ['http://127.0.0.1/metrics'] }
    const facts = await readFacts(new SameTextSource(text), request)
    const findings = runChecks(facts, targetWith({ role: 'both', connections: 1_000_000 }))
    expect(findings.filter(({ observed }) => observed.includes('bug'))).toEqual([])
    const style = { color: false, columns: 80, all: true, machine: 'Debian 12, 2 cores' }
    expect(findingsText(findings, facts, targetWith(), style)).toContain('unknown')
    expect(watchPanel('x', movingCounters(facts), findings, { columns: 80, rows: 24 })).not.toEqual(
      [],
    )
    // A sysctl file that is empty sets nothing: that is an answer.
    const answered = text === '' ? ['files/sysctl-lint'] : []
    const fine = findings.filter(({ status }) => status === 'ok').map(({ id }) => id)
    expect(fine).toEqual(answered)
  })
})

describe('commands of this host', () => {
  it('speak the language of the parsers, whatever the user speaks', async () => {
    const before = process.env['LC_ALL']
    process.env['LC_ALL'] = 'de_DE.UTF-8'
    try {
      const argv = ['sh', '-c', 'echo "$LC_ALL $LANG $LANGUAGE"'] as const
      const output = await new LiveSource().run({ name: 'locale', argv: [...argv] })
      expect(output).toMatchObject({ value: { text: 'C  \n' } })
    } finally {
      if (before === undefined) delete process.env['LC_ALL']
      else process.env['LC_ALL'] = before
    }
  })
})

function capturedFrom(files: ReadonlyMap<string, string>): CapturedSource {
  return new CapturedSource({ kind: 'root', name: 'capture' }, new MemoryTree(files))
}

/**
 * All values, with every unknown one reduced to null: a capture cannot know why the host refused,
 * nor follow "..".
 */
function knownValues(facts: Facts): unknown {
  const text = JSON.stringify({ ...facts, origin: null }, (name, value) => {
    if (name === 'source') return undefined
    return value?.known === false ? null : value
  })
  return JSON.parse(text)
}

class SameTextSource implements FactSource {
  readonly origin = { kind: 'root', name: 'hostile' } as const
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  readText(path: string): Promise<Fact<string>> {
    return Promise.resolve(known(this.#text, path))
  }

  list(folder: string): Promise<Fact<readonly string[]>> {
    return Promise.resolve(known(['1', 'rx-0', 'tcp_mem', '../..', 'odd name'], folder))
  }

  readLink(path: string): Promise<Fact<string>> {
    return Promise.resolve(known(this.#text, path))
  }

  sizeOf(path: string): Promise<Fact<number>> {
    return Promise.resolve(known(0, path))
  }

  run({ argv }: { argv: readonly string[] }): Promise<Fact<CommandOutput>> {
    // A command that prints nothing and ends well has found nothing: that is an answer, and no
    // hostile one.
    if (this.#text === '') return Promise.resolve(unknown('is not installed', argv.join(' ')))
    return Promise.resolve(known({ text: this.#text, truncated: false }, argv.join(' ')))
  }

  fetchMetrics(url: string): Promise<Fact<string>> {
    return Promise.resolve(known(this.#text, url))
  }

  advance(): Promise<number> {
    return Promise.resolve(5_000)
  }
}
