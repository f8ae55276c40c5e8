/**
 * Doctor beside a bench, as a process of its own (dist/host-watch.js): what it reads and parses
 * must not count as memory of the generator, nor take a core from it.
 */
import { setPriority } from 'node:os'
import { LiveSource } from '../../doctor/facts-reader/live-source.ts'
import { type FactsRequest, readFacts } from '../../doctor/facts-reader/read-facts.ts'
import { readSshHosts } from '../../doctor/facts-reader/ssh-hosts.ts'
import type { Facts } from '../../doctor/facts.ts'
import { HostLooks } from './host-looks.ts'
import type { WatchDown, WatchUp } from './host-watch-messages.ts'

const REQUEST: FactsRequest = { windowMs: 250, pids: [], ports: [] }
/** Behind the generator, before what a host does when it is idle. */
const NICE = 5

let watched: readonly HostLooks[] = []

async function start({ targets, isHere, targetHosts }: Extract<WatchDown, { kind: 'start' }>) {
  const here = new HostLooks('this host', targets.here, () => readFacts(new LiveSource(), REQUEST))
  watched = [
    ...(isHere ? [here] : []),
    ...targetHosts.map(
      (host) => new HostLooks(host, targets.there, (signal) => overSsh(host, signal)),
    ),
  ]
  await Promise.all(watched.map((looks) => looks.start()))
  tell({ kind: 'started' })
}

async function finish(): Promise<void> {
  tell({ kind: 'reports', reports: await Promise.all(watched.map((looks) => looks.finish())) })
}

async function overSsh(host: string, signal: AbortSignal): Promise<Facts> {
  const [result] = await readSshHosts([host], REQUEST, signal)
  if (result === undefined || 'failure' in result) throw new Error(result?.failure ?? 'no answer')
  return result.facts
}

function tell(message: WatchUp): void {
  process.send?.(message)
}

try {
  setPriority(NICE)
} catch {
  // Some containers do not allow it; then it is one process among others.
}
process.on('message', (message: WatchDown) => {
  void (message.kind === 'start' ? start(message) : finish())
})
process.on('disconnect', () => process.exit(0))
