/**
 * `bench --on`: the head of a run on several hosts. It starts a worker on each, gives each its
 * share, lets them begin together, and makes one report of theirs. A host that does not come takes
 * no share; one that is lost later takes its share with it, which the report says. It fails only
 * where all are gone.
 */
import type { HostGroup } from '../../../loadgen/remote/host-group.ts'
import type { BenchHooks } from '../../../loadgen/run-hooks.ts'
import type { RunReport } from '../../../stats/run-report.ts'
import type { RecordedCourse } from '../run-stages.ts'
import { type HostParts, type HostsOrder, orderHosts } from './host-orders.ts'
import { FOREVER_MS, HostsDrive } from './hosts-drive.ts'
import { joinProgress } from './hosts-progress.ts'
import { HostsRecord } from './hosts-record.ts'
import { hostsReport } from './hosts-report.ts'
import { HostsWatch } from './hosts-watch.ts'
import { failWhereNobodyIs, greetHosts, openHosts } from './open-hosts.ts'

export interface HostsHooks
  extends Pick<BenchHooks, 'signal' | 'onProgress' | 'hosts' | 'target' | 'record' | 'steering'> {
  readonly course?: RecordedCourse | undefined
}

const PROGRESS_MS = 1_000
/** Beyond the measured time: connecting and draining have limits of their own. */
const STOP_MS_MAX = 60_000

/** @throws PushctlError where no host is left */
export async function runOnHosts(ordered: HostsOrder, hooks: HostsHooks): Promise<RunReport> {
  const group = openHosts(ordered.options)
  try {
    await greetHosts(group, hooks.signal)
    return await new HostsRun(group, ordered, hooks).run()
  } finally {
    await group.close()
  }
}

class HostsRun {
  readonly #group: HostGroup
  readonly #ordered: HostsOrder
  readonly #hooks: HostsHooks
  readonly #watch: HostsWatch
  readonly #record: HostsRecord | null
  #parts: HostParts = []

  constructor(group: HostGroup, ordered: HostsOrder, hooks: HostsHooks) {
    this.#group = group
    this.#ordered = ordered
    this.#hooks = hooks
    this.#watch = new HostsWatch(group, hooks)
    const { record } = hooks
    this.#record = record === undefined ? null : new HostsRecord(record, () => this.#parts)
    group.record = this.#record
  }

  async run(): Promise<RunReport> {
    const { settings, note } = this.#ordered
    const { signal, course = null, steering } = this.#hooks
    const isRecorded = this.#record !== null
    this.#parts = orderHosts(this.#group, this.#ordered, { course, isPlanOnly: false, isRecorded })
    const atEnd = async (): Promise<void> => void (await this.#watch.end())
    const driving = { settings, signal, course, steering, atEnd }
    const drive = new HostsDrive(this.#group, this.#parts, driving)
    const ticker = setInterval(() => this.#tellProgress(drive), PROGRESS_MS)
    try {
      await this.#untilReady()
      drive.begin()
      this.#record?.begin(drive.step.connections)
      if (!signal.aborted) await this.#watch.start(settings)
      this.#group.gates.letGo()
      await drive.run()
      await this.#awaitResults()
      failWhereNobodyIs(this.#group)
      this.#record?.flush()
      const { connections } = drive.step
      const found = hostsReport(this.#group, { connections, found: ({ result }) => result, note })
      const hosts = [...found.hosts, ...(await this.#watch.end())]
      return { ...found, hosts, started_at: this.#startedAt(found) }
    } finally {
      clearInterval(ticker)
      await this.#watch.end()
    }
  }

  /** Resolves when all that have a share wait to connect; says what they warn of. */
  async #untilReady(): Promise<void> {
    const isReady = (): boolean =>
      this.#group.living.every(({ at, result }) => at !== null || result !== null)
    await this.#group.waitUntil(isReady, FOREVER_MS, this.#hooks.signal)
    for (const { name, planned } of this.#group.living) {
      for (const warning of planned?.warnings ?? []) {
        this.#ordered.note(`warning: ${name}: ${warning}`)
      }
    }
  }

  async #awaitResults(): Promise<void> {
    const group = this.#group
    const { signal } = this.#hooks
    const isOver = (): boolean => group.isDone
    while (!(await group.waitUntil(isOver, FOREVER_MS, signal))) {
      if (!signal.aborted) continue
      group.stop()
      await group.waitUntil(isOver, STOP_MS_MAX)
      for (const { link, result } of group.living) {
        if (result === null) link.fail(`did not stop within ${STOP_MS_MAX / 1000} s`)
      }
      return
    }
  }

  /** A record that began after the report would be taken for that of a later run. */
  #startedAt({ started_at }: RunReport): string {
    const beganAtMs = this.#record?.startedAtMs ?? 0
    return new Date(Math.max(Date.parse(started_at), beganAtMs)).toISOString()
  }

  #tellProgress(drive: HostsDrive): void {
    const running = this.#group.living.flatMap(({ name, progress }) =>
      progress === null ? [] : [{ name, progress }],
    )
    if (running.length === 0) return
    this.#hooks.onProgress(joinProgress(running, drive.step.messagesPerSecond))
  }
}
