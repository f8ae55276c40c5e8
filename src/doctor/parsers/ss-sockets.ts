/**
 * Output of `ss -Htan`, with any of -o -m -i -e -p. Two traps: with a filter for one state ss
 * leaves the State column out, and before iproute2 4.20 it breaks details onto a line of their own
 * that begins with a blank. Addresses may be in brackets and carry %interface. Rows that do not
 * parse are counted, never guessed.
 */
import { parseDecimal } from './numbers.ts'

export interface SocketRow {
  /** ESTAB, SYN-RECV, CLOSE-WAIT, TIME-WAIT, LISTEN … as ss names them. */
  readonly state: string
  readonly receiveQueue: number
  readonly sendQueue: number
  readonly localAddress: string
  readonly localPort: number
  readonly peerAddress: string
  /** 0 for a listener. */
  readonly peerPort: number
  readonly owners: readonly SocketOwner[]
  /** Everything behind the addresses: timer, skmem, rto, cgroup … */
  readonly details: string
}

export interface SocketOwner {
  readonly name: string
  readonly pid: number
  readonly fd: number
}

export interface SocketRows {
  readonly rows: readonly SocketRow[]
  readonly unreadableLines: number
}

const ROW = /^(?:([A-Z][A-Z0-9-]*)\s+)?(\d+)\s+(\d+)\s+(\S+):(\d+|\*)\s+(\S+):(\d+|\*)(?:\s+(.*))?$/

export function parseSsSockets(text: string, onlyState?: string): SocketRows {
  const rows: SocketRow[] = []
  let unreadableLines = 0
  for (const line of unfoldedLines(text)) {
    const match = ROW.exec(line)
    const state = match?.[1] ?? onlyState
    const receiveQueue = parseDecimal(match?.[2] ?? '')
    const sendQueue = parseDecimal(match?.[3] ?? '')
    if (match === null || state === undefined || receiveQueue === null || sendQueue === null) {
      unreadableLines += 1
      continue
    }
    const details = (match[8] ?? '').trim()
    rows.push({
      state,
      receiveQueue,
      sendQueue,
      localAddress: bareAddress(match[4] ?? ''),
      localPort: portOf(match[5] ?? ''),
      peerAddress: bareAddress(match[6] ?? ''),
      peerPort: portOf(match[7] ?? ''),
      owners: ownersIn(details),
      details,
    })
  }
  return { rows, unreadableLines }
}

function unfoldedLines(text: string): string[] {
  const unfolded: string[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const last = unfolded.length - 1
    if (/^\s/.test(line) && last >= 0) unfolded[last] += ` ${line.trim()}`
    else unfolded.push(line.trimEnd())
  }
  return unfolded
}

/** "[::ffff:127.0.0.1]" → "127.0.0.1", "127.0.0.53%lo" → "127.0.0.53". */
function bareAddress(text: string): string {
  return text
    .replace(/%[^\]]+/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:(?=\d+\.)/, '')
}

function portOf(text: string): number {
  return text === '*' ? 0 : Number(text)
}

function ownersIn(details: string): SocketOwner[] {
  const users = /users:\(\((.*?)\)\)(?:\s|$)/.exec(details)?.[1]
  if (users === undefined) return []
  const owners: SocketOwner[] = []
  for (const match of users.matchAll(/"([^"]*)",pid=(\d+),fd=(\d+)/g)) {
    owners.push({ name: match[1] ?? '', pid: Number(match[2]), fd: Number(match[3]) })
  }
  return owners
}
