import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fact } from '../../../src/doctor/fact.ts'
import { LiveSource } from '../../../src/doctor/facts-reader/live-source.ts'
import { readFacts } from '../../../src/doctor/facts-reader/read-facts.ts'
import { readSshHosts } from '../../../src/doctor/facts-reader/ssh-hosts.ts'

const REQUEST = { windowMs: 100, pids: [1], ports: [] }
const { signal } = new AbortController()

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-ssh-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Stands for ssh: its last argument is the command to run on the host. */
function programThat(body: string): string {
  const place = join(folder, 'ssh')
  writeFileSync(place, `#!/bin/sh\n${body}\n`)
  chmodSync(place, 0o755)
  return place
}

describe('reading hosts over ssh', () => {
  it('knows of a host what it would know if it ran there', async () => {
    const program = programThat('for last; do :; done; exec sh -c "$last"')
    const [result] = await readSshHosts(['push-1'], REQUEST, signal, program)
    if (result === undefined || 'failure' in result) throw new Error(JSON.stringify(result))
    const live = await readFacts(new LiveSource(), REQUEST)
    expect(result.facts.origin).toEqual({ kind: 'ssh', name: 'push-1' })
    expect(result.facts.sampling).toBe('window')
    expect(missingIn(result.facts, live)).toEqual([])
    expect(result.facts.sysctls['net.ipv4.tcp_mem']).toEqual(live.sysctls['net.ipv4.tcp_mem'])
    expect(result.facts.processes[0]?.limits).toEqual(live.processes[0]?.limits)
    expect(result.facts.network.interfaces).toEqual(
      expect.objectContaining({ known: live.network.interfaces.known }),
    )
  }, 20_000)

  it('names each host that refuses and still reads the others', async () => {
    const program = programThat(
      'case "$*" in *bad*) echo "bad: Permission denied (publickey)." >&2; exit 255;; esac\n' +
        'for last; do :; done; exec sh -c "$last"',
    )
    const results = await readSshHosts(['bad', 'good'], REQUEST, signal, program)
    expect(results[0]).toEqual({ host: 'bad', failure: 'bad: Permission denied (publickey).' })
    expect(results[1]).toHaveProperty('facts')
  }, 20_000)

  it('takes an answer that stops half-way, or no ssh at all, for a failure', async () => {
    const cut = programThat('echo "#x files before"; exit 0')
    expect(await readSshHosts(['a'], REQUEST, signal, cut)).toEqual([
      { host: 'a', failure: 'ssh ended with status 0' },
    ])
    expect(await readSshHosts(['a'], REQUEST, signal, join(folder, 'none'))).toEqual([
      { host: 'a', failure: 'ssh is not installed here' },
    ])
  })
})

/** Paths known on the live host and unknown over ssh. */
function missingIn(remote: unknown, live: unknown, path = ''): string[] {
  if (typeof live !== 'object' || live === null) return []
  if ('known' in live) {
    const other = remote as Fact<unknown> | undefined
    if (live.known && !other?.known)
      return [`${path}: ${other?.known === false ? other.reason : 'gone'}`]
    return []
  }
  return Object.entries(live).flatMap(([key, value]) =>
    missingIn((remote as Record<string, unknown> | undefined)?.[key], value, `${path}.${key}`),
  )
}
