/**
 * What needs a walk over sockets, each at most once and each bounded: the TIME_WAIT census and a
 * sample of connections.
 */
import { type Fact, known, pickFact } from '../fact.ts'
import type { SocketFacts } from '../facts.ts'
import type { Sample } from '../facts-sample.ts'
import { parseSsSockets } from '../parsers/ss-sockets.ts'
import { countTimeWait, type TimeWaitCensus } from '../parsers/time-wait-census.ts'
import type { FactSource } from './fact-source.ts'

const TIME_WAIT_LINES_MAX = 200_000
/** `ss -i` prints some 420 bytes a socket: never without a limit. */
export const ESTABLISHED_SAMPLE_MAX = 2_000

export async function readSockets(source: FactSource, sample: Sample): Promise<SocketFacts> {
  const [timeWait, established] = await Promise.all([
    readTimeWait(source, sample),
    source.run({
      name: 'ss-established',
      argv: ['ss', '-Htnoim', 'state', 'established'],
      linesMax: ESTABLISHED_SAMPLE_MAX * 2,
    }),
  ])
  return {
    timeWait,
    establishedSample: pickFact(
      established,
      ({ text }) => {
        const { rows, unreadableLines } = parseSsSockets(text, 'ESTAB')
        return rows.length === 0 && unreadableLines > 0 ? null : rows
      },
      'is not in the expected format',
    ),
  }
}

async function readTimeWait(source: FactSource, sample: Sample): Promise<Fact<TimeWaitCensus>> {
  const { sockstat, listeners } = sample
  const ports = new Set(listeners.known ? listeners.value.map(({ port }) => port) : [])
  if (sockstat.known && sockstat.value.timeWait === 0) {
    return known(countTimeWait([], ports, false), sockstat.source)
  }
  if (!listeners.known) return listeners
  const output = await source.run({
    name: 'ss-time-wait',
    argv: ['ss', '-Htan', 'state', 'time-wait'],
    linesMax: TIME_WAIT_LINES_MAX,
  })
  return pickFact(
    output,
    ({ text, truncated }) => {
      const { rows, unreadableLines } = parseSsSockets(text, 'TIME-WAIT')
      if (rows.length === 0 && unreadableLines > 0) return null
      return countTimeWait(rows, ports, truncated)
    },
    'is not in the expected format',
  )
}
