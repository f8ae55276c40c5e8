/**
 * Buffer limits of TCP sockets: repairs those that cripple windows, and leaves all others alone.
 */
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  STATUSES,
  type Status,
  unknownFinding,
} from '../../finding.ts'
import { socketMemory } from '../../parsers/ss-details.ts'
import { raiseSysctl, type Setting, setSysctl } from '../../setting.ts'
import { sysctlNumber, sysctlNumbers } from '../../sysctl-facts.ts'

const RECEIVE_KEY = 'net.ipv4.tcp_rmem'
const SEND_KEY = 'net.ipv4.tcp_wmem'
const MODERATE_KEY = 'net.ipv4.tcp_moderate_rcvbuf'
const SMALLEST_BYTES = 4_096
const RECEIVE_START_MIN = 16_384
const SEND_START_MIN = 4_096
const RECEIVE_START_MAX = 1_048_576
/** Defaults of kernels since 5.4, with the older and smaller maximum. */
const RECEIVE_DEFAULT = { start: 131_072, max: 6_291_456 } as const
const SEND_DEFAULT = { start: 16_384, max: 4_194_304 } as const

export const memorySockbuf: Check = {
  id: 'memory/sockbuf',
  title: 'Buffer limits of sockets',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'netns',
  source:
    'Documentation/networking/ip-sysctl.rst tcp_rmem, net/ipv4/tcp_input.c tcp_rcv_space_adjust',
  why:
    'tcp_rmem and tcp_wmem are smallest, first and largest size of a buffer that grows by ' +
    'itself; an idle connection uses none of it. Small first values save nothing and hold ' +
    'windows below two segments.',
  explain: `The middle number is where a socket starts: 131072 gives a first receive window of 64
KB. With 4096 the window is under two segments, and TLS handshakes and uploads crawl. The last
number bounds what one slow peer can hold.

Leave the defaults. A pure push server may bound its worst case by the third number of tcp_wmem:
twice the bandwidth-delay product of a client, between 64 KiB and 1 MiB, so that slow clients x
that stays under a quarter of memory.

Do not use "1024 4096 16384" of the benchmark recipes for real traffic; newer stable kernels
refuse values of tcp_rmem under 4096. net.core.rmem_max limits setsockopt(SO_RCVBUF) only, which
also switches the growing off; net.core.rmem_default does not concern TCP. A new network namespace
copies these values from the host.`,
  evaluate: evaluateSockbuf,
}

interface Fault {
  readonly status: Status
  readonly text: string
}

function evaluateSockbuf(facts: Facts): Finding {
  const receive = sysctlNumbers(facts, RECEIVE_KEY, 3)
  if (!receive.known) return unknownFinding(memorySockbuf, receive)
  const send = sysctlNumbers(facts, SEND_KEY, 3)
  if (!send.known) return unknownFinding(memorySockbuf, send)
  const moderate = sysctlNumber(facts, MODERATE_KEY)
  if (!moderate.known) return unknownFinding(memorySockbuf, moderate)
  const receiveFaults = receiveFaultsOf(receive.value)
  const sendFaults = sendFaultsOf(send.value)
  const faults = [...receiveFaults, ...sendFaults]
  if (moderate.value === 0) faults.push({ status: 'warn', text: `${MODERATE_KEY} is 0: no growth` })
  const status = STATUSES.find((candidate) => faults.some((fault) => fault.status === candidate))
  return findingOf(memorySockbuf, {
    status: status ?? 'ok',
    observed:
      faults.map(({ text }) => text).join('; ') ||
      `buffers start at ${grouped(receive.value[1]!)} B to receive, ` +
        `${grouped(send.value[1]!)} B to send`,
    needed:
      `${RECEIVE_KEY} ≥ ${SMALLEST_BYTES} ${RECEIVE_START_MIN} (third ≥ second), ` +
      `${SEND_KEY} second ≥ ${SEND_START_MIN}, ${MODERATE_KEY} = 1`,
    evidence: [
      `${receive.source}: ${receive.value.join(' ')}`,
      `${send.source}: ${send.value.join(' ')}`,
      `${moderate.source}: ${moderate.value}`,
      ...sampleEvidence(facts),
    ],
    settings: [
      ...repair(RECEIVE_KEY, receive.value, receiveFaults, RECEIVE_START_MIN, RECEIVE_DEFAULT),
      ...repair(SEND_KEY, send.value, sendFaults, SEND_START_MIN, SEND_DEFAULT),
      ...(moderate.value === 0 ? [setSysctl(MODERATE_KEY, 1, 'buffers grow with the need')] : []),
    ],
  })
}

function receiveFaultsOf([smallest = 0, start = 0, largest = 0]: readonly number[]): Fault[] {
  const faults: Fault[] = []
  const warn = (text: string) => faults.push({ status: 'warn', text })
  if (largest < start) {
    faults.push({ status: 'critical', text: `${RECEIVE_KEY} starts above its largest size` })
  }
  if (start < RECEIVE_START_MIN) warn(`receive buffers start at ${grouped(start)} B`)
  if (Math.min(smallest, start, largest) < SMALLEST_BYTES) {
    warn(
      `${RECEIVE_KEY} holds a value under ${grouped(SMALLEST_BYTES)}, which newer kernels refuse`,
    )
  }
  if (start > RECEIVE_START_MAX) {
    faults.push({
      status: 'info',
      text: `receive buffers start at ${grouped(start)} B, over 1 MiB`,
    })
  }
  return faults
}

function sendFaultsOf([, start = 0]: readonly number[]): Fault[] {
  return start < SEND_START_MIN
    ? [{ status: 'warn', text: `send buffers start at ${grouped(start)} B` }]
    : []
}

/**
 * Raises what is too low, column by column. A large start is only information: nothing is lowered.
 */
function repair(
  key: string,
  [smallest = 0, start = 0, largest = 0]: readonly number[],
  faults: readonly Fault[],
  startMin: number,
  standard: { readonly start: number; readonly max: number },
): Setting[] {
  if (!faults.some(({ status }) => status !== 'info')) return []
  const newStart = start < startMin ? standard.start : start
  const newLargest = largest > newStart ? largest : Math.max(standard.max, newStart)
  const value = `${Math.max(smallest, SMALLEST_BYTES)} ${newStart} ${newLargest}`
  return [raiseSysctl(key, value, 'first windows of the kernel default')]
}

function sampleEvidence(facts: Facts): string[] {
  const { establishedSample } = facts.sockets
  if (!establishedSample.known) return []
  const largest = (letters: string): number =>
    establishedSample.value.reduce((max, row) => Math.max(max, socketMemory(row, letters) ?? 0), 0)
  if (establishedSample.value.length === 0) return []
  return [
    `${establishedSample.source}: largest buffers of ${grouped(establishedSample.value.length)} ` +
      `connections: receive ${grouped(largest('rb'))} B, send ${grouped(largest('tb'))} B`,
  ]
}
