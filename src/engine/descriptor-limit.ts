/**
 * How many descriptors one process may have: the limit that decides between threads and processes.
 */
import { readFileSync } from 'node:fs'

/**
 * RLIMIT_NOFILE, hard: Node raises its soft limit to it at start. Infinity where it can not be
 * read.
 */
export function readDescriptorLimit(): number {
  try {
    const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return line ? Number(line[1]) : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
