/**
 * Sockets of the processes that were named, one walk for all of them. Owners are known only where
 * naming them is cheap (see OWNED_FILES_MAX); beyond, the sockets of the port a process was found
 * by stand for its own. Both are cut at a number of lines, and say so.
 */
import { type Fact, pickFact, unknown } from '../fact.ts'
import type { ProcessSockets, QueuedSocket } from '../facts-sample.ts'
import { parseSsSockets, type SocketRow } from '../parsers/ss-sockets.ts'
import type { CommandOutput, FactSource } from './fact-source.ts'
import type { SamplePlan } from './read-sample.ts'

/** Some 15 MB of text. */
const LINES_MAX = 150_000
/** A process whose peers are all gone has a queue on every connection. */
const QUEUED_MAX = 10_000

/** All states in which a socket belongs to a process, listeners apart. */
export const OWNED_STATES = [
  'established',
  'syn-sent',
  'fin-wait-1',
  'fin-wait-2',
  'close-wait',
  'last-ack',
  'closing',
] as const

/** By pid. */
export async function readProcessSockets(
  source: FactSource,
  plan: SamplePlan,
): Promise<Map<number, Fact<ProcessSockets>>> {
  const states = OWNED_STATES.flatMap((state) => ['state', state])
  if (plan.processes.length === 0) return new Map()
  if (plan.withOwners) {
    const output = await source.run({
      name: 'ss-owned',
      argv: ['ss', '-Htanp', ...states],
      linesMax: LINES_MAX,
    })
    return new Map(
      plan.processes.map(({ pid }) => [
        pid,
        socketsIn(output, 'process', ({ owners }) => owners.some((owner) => owner.pid === pid)),
      ]),
    )
  }
  const ports = [...new Set(plan.processes.flatMap(({ port }) => port ?? []))]
  const outputs = await Promise.all(
    ports.map((port) =>
      source.run({
        name: `ss-port-${port}`,
        argv: ['ss', '-Htan', ...states, `( sport = :${port} )`],
        linesMax: LINES_MAX,
      }),
    ),
  )
  return new Map(
    plan.processes.map(({ pid, port }) => [
      pid,
      port === null
        ? unknown('too many files are open to name their owners: give --port', 'ss -Htanp')
        : socketsIn(outputs[ports.indexOf(port)]!, 'port', () => true),
    ]),
  )
}

function socketsIn(
  output: Fact<CommandOutput>,
  scope: ProcessSockets['scope'],
  belongs: (row: SocketRow) => boolean,
): Fact<ProcessSockets> {
  return pickFact(
    output,
    ({ text, truncated }) => {
      const { rows, unreadableLines } = parseSsSockets(text)
      if (rows.length === 0 && unreadableLines > 0) return null
      const own = rows.filter(belongs)
      const byState: Record<string, number> = {}
      for (const { state } of own) byState[state] = (byState[state] ?? 0) + 1
      const queued = own.filter((row) => row.receiveQueue + row.sendQueue > 0)
      return {
        scope,
        partial: truncated,
        byState,
        queued: queued.slice(0, QUEUED_MAX).map(queuedSocket),
      }
    },
    'is not in the expected format',
  )
}

function queuedSocket(row: SocketRow): QueuedSocket {
  const { localAddress, localPort, peerAddress, peerPort, receiveQueue, sendQueue, state } = row
  return {
    local: `${localAddress}:${localPort}`,
    peer: `${peerAddress}:${peerPort}`,
    state,
    unreadBytes: receiveQueue,
    unsentBytes: sendQueue,
  }
}
