/**
 * What the kernel says of a server: CPU and resident memory from /proc, the same source for every
 * peer, children included. Linux only. Rss comes from smaps_rollup, because VmRSS of newer
 * kernels is summed from per-CPU counters and may be off by some 100 KB, which is 20 bytes for
 * each of 14,000 connections.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'

const TICKS_PER_S = 100 // USER_HZ, fixed in the kernel's interface
const UTIME_FIELD = 11 // counted after the ")" that ends the name: proc(5), fields 14 and 15
const STIME_FIELD = 12

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The process and all that came from it. */
function processTree(pid) {
  const found = [pid]
  for (let i = 0; i < found.length; i++) {
    for (const tid of tasksOf(found[i])) {
      const children = read(`/proc/${found[i]}/task/${tid}/children`).trim()
      if (children) found.push(...children.split(' ').map(Number))
    }
  }
  return found
}

function tasksOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/**
 * CPU used so far, in seconds. `total` is exact to a microsecond, `user` and `system` to a tick
 * of 10 ms.
 */
export function cpuOf(pid) {
  let total = 0
  let user = 0
  let system = 0
  for (const each of processTree(pid)) {
    const stat = read(`/proc/${each}/stat`)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    user += Number(fields[UTIME_FIELD] ?? 0) / TICKS_PER_S
    system += Number(fields[STIME_FIELD] ?? 0) / TICKS_PER_S
    for (const tid of tasksOf(each)) {
      total += Number(read(`/proc/${each}/task/${tid}/schedstat`).split(' ')[0] || 0) / 1e9
    }
  }
  return { total, user, system }
}

export function cpuBetween(before, after) {
  const user = after.user - before.user
  const system = after.system - before.system
  const split = user + system || 1
  const total = after.total - before.total
  return { total, user: (total * user) / split, system: (total * system) / split }
}

/** Resident bytes. */
export function rssOf(pid) {
  let kilobytes = 0
  for (const each of processTree(pid)) {
    const exact = /^Rss:\s+(\d+)/m.exec(read(`/proc/${each}/smaps_rollup`))
    const rough = exact ?? /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${each}/status`))
    kilobytes += Number(rough?.[1] ?? 0)
  }
  return kilobytes * 1024
}

export function describeHost() {
  const memory = Number(/^MemTotal:\s+(\d+)/m.exec(read('/proc/meminfo'))?.[1] ?? 0)
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    kernel: release(),
    memoryGiB: Math.round(memory / 1024 / 1024),
    node: process.versions.node,
  }
}

/** Seconds that a core was busy since boot, whoever used it; NaN where it is not told. */
export function coreBusyS(core) {
  const line = new RegExp(`^cpu${core} (.*)`, 'm').exec(read('/proc/stat'))?.[1]
  if (!line) return Number.NaN
  const [user, nice, system, , , interrupt, softInterrupt, steal] = line.split(' ').map(Number)
  return (user + nice + system + interrupt + softInterrupt + steal) / TICKS_PER_S
}

/** Hard limit of descriptors; every program here raises its own limit to it. */
export function descriptorLimit() {
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1] ?? 1024)
}
