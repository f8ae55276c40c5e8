/**
 * Runs the built `pushctl bench` as a user would: a process with arguments, signals and an exit
 * code.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/config/package-root.ts'
import type { RunReport } from '../../src/stats/run-report.ts'

export interface BenchEnd {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface BenchProcess {
  readonly child: ChildProcess
  readonly pid: number
  readonly ended: Promise<BenchEnd>
}

/** @param under a command that runs commands, such as nice */
export function startBench(words: readonly string[], under: readonly string[] = []): BenchProcess {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const [command, ...args] = [...under, process.execPath, bin, 'bench', ...words]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its looks take a second at each end; bench-hosts.test.ts asks for them.
    env: { PATH: process.env['PATH'], PUSHCTL_DOCTOR: 'off' },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<BenchEnd>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
  return { child, pid: child.pid as number, ended }
}

export async function bench(
  words: readonly string[],
  under: readonly string[] = [],
): Promise<BenchEnd & { report: RunReport }> {
  const end = await startBench([...words, '--json', '--quiet'], under).ended
  return { ...end, report: reportFrom(end) }
}

export function reportFrom({ status, stdout, stderr }: BenchEnd): RunReport {
  if (stdout === '') throw new Error(`no report, exit ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

/** Process ids of the children that a process has now. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is gone as well: nobody has waited for it yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}
