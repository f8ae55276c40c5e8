/**
 * What a device does after its connection ended: a pure function of how it ended. The hundreds of
 * a BYE code decide (docs/protocol.md): stop, back off, at once, elsewhere.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { BYE, byeRange } from '../../protocol/frame-types.ts'
import type { SessionEnd } from './device-session.ts'

const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 60_000

export interface ReconnectHistory {
  /** Whether any connection so far got a WELCOME. */
  readonly wasEverWelcomed: boolean
  /** Connections in a row that failed or ended soon. */
  readonly shortInRow: number
  /** From 0 to below 1. */
  readonly random: number
  /** What was connected to, for messages. */
  readonly url: string
}

export type ReconnectPlan =
  | { readonly kind: 'give-up'; readonly error: PushctlError }
  | { readonly kind: 'again'; readonly delayMs: number; readonly addresses: readonly string[] }

export function planReconnect(end: SessionEnd, history: ReconnectHistory): ReconnectPlan {
  if (end.cause === 'bye') return planAfterBye(end, history)
  if (end.cause === 'fault') return giveUp(brokenProtocol(end, history))
  if (!history.wasEverWelcomed) return giveUp(firstFailure(end, history))
  return again(backoffMs(history))
}

function planAfterBye(end: SessionEnd, history: ReconnectHistory): ReconnectPlan {
  switch (byeRange(end.code)) {
    case 'stop':
      return giveUp(finalBye(end, history))
    case 'backoff':
      // Jitter over the same span again, so that those who were sent away together come back apart.
      return end.retryAfterMs > 0
        ? again(end.retryAfterMs + history.random * end.retryAfterMs)
        : again(backoffMs(history))
    case 'now':
      return again(history.shortInRow === 0 ? 0 : backoffMs(history))
    case 'elsewhere': {
      const isFirst = history.shortInRow === 0 && end.addresses.length > 0
      return again(isFirst ? 0 : backoffMs(history), end.addresses)
    }
  }
}

/** Exponential, with full jitter above a quarter. */
function backoffMs({ shortInRow, random }: ReconnectHistory): number {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(shortInRow, 16))
  return ceiling * (0.25 + 0.75 * random)
}

function again(delayMs: number, addresses: readonly string[] = []): ReconnectPlan {
  return { kind: 'again', delayMs: Math.round(delayMs), addresses }
}

function giveUp(error: PushctlError): ReconnectPlan {
  return { kind: 'give-up', error }
}

function finalBye({ code, detail }: SessionEnd, { url }: ReconnectHistory): PushctlError {
  const message = `${url} sent the device away for good: ${code} ${printable(detail)}`
  const why = FINAL_BYES[code]
  return new PushctlError('PUSHCTL_TARGET_REFUSED', message, {
    ...(why === undefined ? {} : { why }),
    tries: code === BYE.UNAUTHORIZED ? ['--token-file FILE, or PUSHCTL_DEVICE_TOKEN'] : [],
  })
}

const FINAL_BYES: Readonly<Record<number, string>> = {
  [BYE.REPLACED]: 'another connection came with the same device id, and the newer one wins',
  [BYE.KICKED]: 'somebody closed this device through the API of the node',
  [BYE.UNAUTHORIZED]: 'the node asks for a token that names this device',
}

function brokenProtocol({ detail }: SessionEnd, { url }: ReconnectHistory): PushctlError {
  const message = `${url} must speak the push protocol, got ${printable(detail)}`
  return new PushctlError('PUSHCTL_TARGET_PROTOCOL', message)
}

function firstFailure({ cause, detail }: SessionEnd, { url }: ReconnectHistory): PushctlError {
  if (cause === 'unreachable') {
    const message = `a node must be reachable at ${url}, got ${detail}`
    return new PushctlError('PUSHCTL_TARGET_UNREACHABLE', message, { tries: ['pushctl serve'] })
  }
  const message = `${url} must welcome the device, got ${printable(detail)}`
  return new PushctlError('PUSHCTL_TARGET_PROTOCOL', message, {
    why: 'the address is one that serve calls tcp or ws, with the scheme of its name',
  })
}

/** Text of a peer, safe to show on a terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escapeOf)
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0)
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return `\\u${code.toString(16).padStart(4, '0')}`
}
