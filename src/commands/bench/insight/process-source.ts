/**
 * Memory and CPU of a process of this host and of all below it (a server may be a parent of
 * workers), from /proc. Resident memory is summed, so pages that processes share count once for
 * each: a sum says too much, its slope does not. CPU time is told in hundredths of a second.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { PushctlError } from '../../../errors/pushctl-error.ts'

export interface ProcessReading {
  readonly bytes: number
  readonly cpuUs: number
}

/** Beyond it a family is cut; a server with more processes is not measured by walking them. */
const PROCESSES_MAX = 512
/** Threads whose children are looked for. */
const THREADS_MAX = 256
/** sysconf(_SC_CLK_TCK) and the page of every Linux that Node runs on, but for arm64 with 64k. */
const US_PER_TICK = 10_000

/** @throws PushctlError PUSHCTL_CONFIG where there is no such process */
export function checkProcess(pid: number): void {
  if (nameOfProcess(pid) !== null) return
  throw new PushctlError('PUSHCTL_CONFIG', `--target-pid must name a process here, got ${pid}`, {
    why: `/proc/${pid} cannot be read`,
    tries: ['pgrep -n NAME', '--target-metrics http://host:port/metrics   (on another host)'],
  })
}

/** As the kernel has it; null: there is no such process. */
export function nameOfProcess(pid: number): string | null {
  return textOf(`/proc/${pid}/comm`)?.trim() ?? null
}

/**
 * CPU time of children that ended is in `cutime` of whoever waited for them, so a family's total
 * does not fall. null: the process is gone.
 */
export function readProcess(pid: number): ProcessReading | null {
  const own = readOne(pid)
  if (own === null) return null
  let { bytes, cpuUs } = own
  for (const child of familyOf(pid)) {
    const reading = readOne(child)
    bytes += reading?.bytes ?? 0
    cpuUs += reading?.cpuUs ?? 0
  }
  return { bytes, cpuUs }
}

function readOne(pid: number): ProcessReading | null {
  const stat = textOf(`/proc/${pid}/stat`)
  const status = textOf(`/proc/${pid}/status`)
  if (stat === null || status === null) return null
  // The name may hold blanks and brackets: fields count from its end, where field 3 comes next.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0)
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  const reading = { bytes: kilobytes * 1024, cpuUs: ticks * US_PER_TICK }
  return Number.isFinite(reading.cpuUs) ? reading : null
}

/** All below it; empty where the kernel does not list children. */
function familyOf(pid: number): number[] {
  const family: number[] = []
  const queue = [pid]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const child of childrenOf(next)) {
      if (family.length >= PROCESSES_MAX) return family
      family.push(child)
      queue.push(child)
    }
  }
  return family
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((tid) =>
    (textOf(`/proc/${pid}/task/${tid}/children`) ?? '')
      .trim()
      .split(' ')
      .map(Number)
      .filter(Boolean),
  )
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).slice(0, THREADS_MAX)
  } catch {
    return []
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
