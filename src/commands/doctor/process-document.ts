/**
 * Processes and their runtimes as --json prints them; what is not known is null, with its reason.
 */
import type { Fact } from '../../doctor/fact.ts'
import type { Facts } from '../../doctor/facts.ts'
import { type ProcessReport, reportsOfProcesses } from '../../doctor/process-report.ts'
import { metricsPages } from '../../doctor/runtimes/read-runtime.ts'

export function documentsOfProcesses(host: string, facts: Facts): object[] {
  return reportsOfProcesses(facts).map((report) => ({ host, ...processDocument(report) }))
}

export function documentsOfMetrics(host: string, facts: Facts): object[] {
  return metricsPages(facts).map(({ url, runtimes }) => ({
    host,
    url,
    ...valueOrReason('runtimes', runtimes, (readings) => readings.map(snakeCased)),
  }))
}

function processDocument(report: ProcessReport): object {
  const { pid, name, chosenBy } = report
  return {
    pid,
    name,
    chosen_by: chosenBy,
    ...valueOrReason('descriptors', report.descriptors, ({ used, exact, soft }) => ({
      used,
      exact,
      // JSON has no Infinity.
      limit: Number.isFinite(soft) ? soft : null,
    })),
    ...valueOrReason('memory', report.memory, (memory) => ({
      resident_bytes: memory.residentBytes,
      swapped_bytes: memory.swappedBytes,
      bytes_per_second: memory.bytesPerSecond,
    })),
    ...valueOrReason('threads', report.threads, (threads) =>
      threads.map(({ tid, name: thread, share, lastCpu }) => ({
        tid,
        name: thread,
        cpu_share: share,
        last_cpu: lastCpu,
      })),
    ),
    ...valueOrReason('sockets', report.sockets, ({ byState, scope, partial }) => ({
      by_state: byState,
      scope,
      partial,
    })),
    ...valueOrReason('stuck', report.stuck, snakeCased),
    ...valueOrReason('listeners', report.listeners, (listeners) =>
      listeners.map(({ name: listener, waiting, backlog, drops, dropsInWindow }) => ({
        name: listener,
        waiting,
        backlog,
        drops,
        drops_in_window: dropsInWindow,
      })),
    ),
  }
}

/** Plain values whose names are those of the code: bytesPerSecond → bytes_per_second. */
function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCased(inner),
    ]),
  )
}

function valueOrReason<T>(name: string, fact: Fact<T>, shape: (value: T) => unknown): object {
  return fact.known
    ? { [name]: shape(fact.value) }
    : { [name]: null, [`${name}_unknown`]: fact.reason }
}
