/**
 * tcp_notsent_lowat: worth naming only where clients are slow now, and never set by itself: the
 * program must play along.
 */
import { counted } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { bytesText } from '../../socket-demand.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { actsAsServer, type Target } from '../../target.ts'

const KEY = 'net.ipv4.tcp_notsent_lowat'
/** UINT_MAX: no limit. */
const OFF = 4_294_967_295
/** Unacknowledged bytes a connection, over the sample, from which consumers count as slow. */
const SLOW_BYTES_EACH = 16_384

export const memoryNotsentLowat: Check = {
  id: 'memory/notsent-lowat',
  title: 'Unsent bytes kept in the kernel',
  family: 'memory',
  roles: ['server'],
  scope: 'netns',
  source: 'Documentation/networking/ip-sysctl.rst tcp_notsent_lowat, net/ipv4/tcp.c tcp_poll',
  why:
    'Without a low-water mark a slow client takes its whole send buffer full of pushes before ' +
    'the program notices. With one, stale pushes wait in the program, where they can be dropped ' +
    'or merged.',
  explain: `tcp_notsent_lowat bounds the bytes of a socket that are queued and not yet sent: above
it poll() does not report the socket as writable. Bytes in flight do not count.

Set 16384 to 131072 only where the program reacts to "drain" or EPOLLOUT and can drop or merge
what waits; a program that buffers without end gains nothing but moves the memory. 4294967295
means off, the default.

The value works at once, for sockets that have no TCP_NOTSENT_LOWAT of their own.`,
  evaluate: evaluateNotsentLowat,
}

function evaluateNotsentLowat(facts: Facts, target: Target): Finding {
  const value = sysctlNumber(facts, KEY)
  if (!value.known) return unknownFinding(memoryNotsentLowat, value)
  const evidence = [`${value.source}: ${value.value}`]
  if (value.value < OFF) {
    const observed = `at most ${bytesText(value.value)} unsent in the kernel for each connection`
    return findingOf(memoryNotsentLowat, { status: 'ok', observed, evidence })
  }
  const { establishedSample: sample } = facts.sockets
  if (!sample.known) return unknownFinding(memoryNotsentLowat, sample)
  const count = sample.value.length
  const queued = sample.value.reduce((sum, { sendQueue }) => sum + sendQueue, 0)
  const isSlow = actsAsServer(target) && count > 0 && queued >= SLOW_BYTES_EACH * count
  evidence.push(
    `${sample.source}: ${bytesText(queued)} in send queues of ${counted(count, 'connection')}`,
  )
  return findingOf(memoryNotsentLowat, {
    status: isSlow ? 'info' : 'ok',
    observed: isSlow
      ? `off, while clients lag: ${bytesText(queued / count)} a connection wait in the kernel`
      : 'off, and clients keep up',
    needed: `under ${bytesText(SLOW_BYTES_EACH)} a connection in send queues`,
    evidence,
    ...(isSlow
      ? {
          fixForGood:
            `if the program waits for drain events: ${KEY} = 131072, ` +
            'or TCP_NOTSENT_LOWAT on its sockets',
        }
      : {}),
  })
}
