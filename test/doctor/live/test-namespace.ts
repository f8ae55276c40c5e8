/**
 * A network namespace of its own for one test, with loopback up. Sysctls set here do not reach the
 * host; processes started here end with it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Facts } from '../../../src/doctor/facts.ts'
import { readSshHosts } from '../../../src/doctor/facts-reader/ssh-hosts.ts'

let count = 0

export class TestNamespace {
  readonly name = `pushctl-${process.pid}-${(count += 1)}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'pushctl-netns-'))
  readonly #children: ChildProcess[] = []

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name])
    this.run('ip', 'link', 'set', 'lo', 'up')
  }

  /** Runs a command inside and gives its output. */
  run(...argv: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.name, ...argv], { encoding: 'utf8' })
  }

  set(path: string, value: string): void {
    this.run('sh', '-c', `echo "${value}" > /proc/sys/${path}`)
  }

  /** Starts a Node script inside and resolves when it has printed a line. */
  async start(script: string): Promise<ChildProcess> {
    const child = spawn('ip', ['netns', 'exec', this.name, process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.push(child)
    await once(child.stdout!, 'data')
    return child
  }

  /** What doctor knows of this namespace, by the script that it sends over ssh. */
  async facts(windowMs: number): Promise<Facts> {
    const place = join(this.#folder, 'ssh')
    writeFileSync(
      place,
      `#!/bin/sh\nfor last; do :; done\nexec ip netns exec ${this.name} sh -c "$last"\n`,
    )
    chmodSync(place, 0o755)
    const request = { windowMs, pids: [], ports: [] }
    const { signal } = new AbortController()
    const [result] = await readSshHosts([this.name], request, signal, place)
    if (result === undefined || 'failure' in result) throw new Error(JSON.stringify(result))
    return result.facts
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    execFileSync('ip', ['netns', 'delete', this.name])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Namespaces need root, ip and ss; elsewhere these tests are skipped, and say so. */
export function canMakeNamespaces(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('ss', ['-V'])
    execFileSync('ip', ['netns', 'add', `pushctl-${process.pid}-try`])
    execFileSync('ip', ['netns', 'delete', `pushctl-${process.pid}-try`])
    return true
  } catch {
    return false
  }
}
