/**
 * Folklore about the queues before accept() and before the protocol: raised where nobody reads
 * them.
 */
import { grouped } from '../counter-moves.ts'
import { judgedListeners } from '../judged-listeners.ts'
import { type ListenerRow, listenerName } from '../parsers/ss-listeners.ts'
import { actsAsServer } from '../target.ts'
import {
  chosenValues,
  type FolkloreRow,
  folkloreRule,
  type LintContext,
  type LintHit,
} from './lint-rule.ts'

const SYN_BACKLOG_KEY = 'net.ipv4.tcp_max_syn_backlog'
const SOMAXCONN_KEY = 'net.core.somaxconn'
/** Largest default of tcp_max_syn_backlog: 524,288 buckets / 128. */
const SYN_BACKLOG_DEFAULT_MAX = 4_096
/** What Node and nginx ask for unless told otherwise. */
const PROGRAM_DEFAULT_BACKLOG = 511
/**
 * Defaults of somaxconn: 128 until 4.19, 4096 since 5.4. A listener with one of these was clipped.
 */
const SOMAXCONN_DEFAULTS: readonly number[] = [128, 4_096]
const SOMAXCONN_DEFAULT_MAX = 4_096
const BACKLOG_ABSURD = 100_000

const ROWS: readonly FolkloreRow[] = [
  {
    key: 'net.core.netdev_max_backlog',
    status: 'warn',
    matches: ([value]) => value !== undefined && value >= BACKLOG_ABSURD,
    fault: 'seconds of packets waiting in line',
    why:
      'The queue serves RPS, loopback and veth; a network card with NAPI never touches it. ' +
      'Packets that wait a second are retransmitted anyway, and each pins 1 to 2 KB on its CPU.',
    instead: 'at most 16384',
    ownedBy: 'nic/backlog',
  },
  {
    key: 'net.ipv4.tcp_abort_on_overflow',
    status: 'warn',
    matches: ([value]) => value === 1,
    fault: 'turns a short stall into a wave of reconnects',
    why:
      'It resets a client whose last handshake packet meets a full accept queue, instead of ' +
      'letting it try again. SYNs are still dropped silently, so it tells the client nothing it ' +
      'can rely on.',
    instead: '0',
    ownedBy: 'listen/abort-on-overflow',
  },
]

const folklore = folkloreRule(ROWS)

export function queueFolklore(context: LintContext): LintHit[] {
  if (!actsAsServer(context.target)) return [...folklore(context)]
  return [...folklore(context), ...synBacklogHits(context), ...somaxconnHits(context)]
}

/** Raised, while a listener asks for a queue so short that the raise cannot matter. */
function synBacklogHits(context: LintContext): LintHit[] {
  const raised = chosenValues(context, SYN_BACKLOG_KEY).find(
    ({ text, fromFile }) => fromFile || Number(text) > SYN_BACKLOG_DEFAULT_MAX,
  )
  const short = clientListeners(context).find(
    ({ backlog }) => backlog <= PROGRAM_DEFAULT_BACKLOG && backlog < Number(raised?.text ?? 0),
  )
  if (raised === undefined || short === undefined) return []
  return [
    {
      subject: SYN_BACKLOG_KEY,
      status: 'info',
      observed:
        `${SYN_BACKLOG_KEY} = ${raised.text}, ` +
        `but ${listenerName(short)} asked for a queue of ${grouped(short.backlog)}`,
      why:
        'With SYN cookies on, kernels since 4.4 bound half-open connections by the backlog of ' +
        'the listener and do not ask this key. Raise what the program passes to listen(), and ' +
        'net.core.somaxconn.',
      fixForGood: 'a larger backlog in the program (Node: server.listen({ backlog }))',
      evidence: [`${raised.place}: ${raised.text}`, listenerEvidence(short)],
    },
  ]
}

/**
 * A limit is taken at listen(): a listener that shows an old default was opened before, or asked
 * for just that.
 */
function somaxconnHits(context: LintContext): LintHit[] {
  const [wanted] = chosenValues(context, SOMAXCONN_KEY)
  const limit = Number(wanted?.text ?? 0)
  const old = clientListeners(context).find(
    ({ backlog }) => SOMAXCONN_DEFAULTS.includes(backlog) && backlog < limit,
  )
  if (wanted === undefined || old === undefined) return []
  if (!wanted.fromFile && limit <= SOMAXCONN_DEFAULT_MAX) return []
  return [
    {
      subject: SOMAXCONN_KEY,
      status: 'info',
      observed:
        `${SOMAXCONN_KEY} = ${wanted.text}, ` +
        `but ${listenerName(old)} still has a queue of ${grouped(old.backlog)}`,
      why:
        'The limit is applied when a program calls listen(): a listener keeps the one of its ' +
        'start. The queue it shows is a default of older days, or just what the program asks ' +
        'for.',
      fixNow: 'restart the program that owns the listener',
      fixForGood:
        'start it after sysctl (systemd: After=systemd-sysctl.service), with a larger backlog',
      evidence: [`${wanted.place}: ${wanted.text}`, listenerEvidence(old)],
    },
  ]
}

function clientListeners({ facts, target }: LintContext): ListenerRow[] {
  return judgedListeners(facts, target)
    .filter(({ secondary }) => !secondary)
    .map(({ row }) => row)
}

function listenerEvidence(row: ListenerRow): string {
  return `ss -Htln: ${listenerName(row)} backlog ${row.backlog}`
}
