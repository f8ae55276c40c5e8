/**
 * Asks the HTTP API of a node and turns every way in which that can fail into an error for people:
 * nobody there, not a node, no token, refused.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'

const ANSWER_TIMEOUT_MS = 30_000
const ANSWER_BYTES_MAX = 1024 * 1024

export interface PushAnswer {
  readonly accepted: number
  readonly stored: number
  readonly online: number
  readonly pushId: string
}

export interface PushReceipt {
  readonly stored: number
  readonly sent: number
  readonly acked: number
  readonly expired: number
  readonly trimmed: number
}

/** Fails with PUSHCTL_TARGET_UNREACHABLE, PUSHCTL_TARGET_REFUSED or PUSHCTL_TARGET_PROTOCOL. */
export async function postPush(
  node: string,
  push: object,
  adminToken: string | null,
  signal: AbortSignal,
): Promise<PushAnswer> {
  const { status, body } = await ask(new URL('/v1/push', node), push, adminToken, signal)
  const answer = parseObject(body)
  if (status >= 200 && status < 300 && isPushAnswer(answer)) {
    const { accepted, stored, online, pushId } = answer
    return { accepted, stored, online, pushId }
  }
  throw refusalOf(node, status, answer, adminToken !== null)
}

/** What became of a push so far. Fails as postPush() does. */
export async function getReceipt(
  node: string,
  pushId: string,
  adminToken: string | null,
  signal: AbortSignal,
): Promise<PushReceipt> {
  const url = new URL(`/v1/push/${encodeURIComponent(pushId)}`, node)
  const { status, body } = await ask(url, null, adminToken, signal)
  const answer = parseObject(body)
  if (status === 200 && isReceipt(answer)) {
    const { stored, sent, acked, expired, trimmed } = answer
    return { stored, sent, acked, expired, trimmed }
  }
  throw refusalOf(node, status, answer, adminToken !== null)
}

/** Posts `push`, or gets where it is null. */
async function ask(
  url: URL,
  push: object | null,
  adminToken: string | null,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const { Agent, request } = await import('undici')
  const dispatcher = new Agent({ maxResponseSize: ANSWER_BYTES_MAX })
  try {
    const answer = await request(url, {
      method: push === null ? 'GET' : 'POST',
      headers: {
        ...(push === null ? {} : { 'content-type': 'application/json' }),
        ...(adminToken === null ? {} : { authorization: `Bearer ${adminToken}` }),
      },
      body: push === null ? null : JSON.stringify(push),
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      signal,
      dispatcher,
    })
    return { status: answer.statusCode, body: await answer.body.text() }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    throw unreachable(url, cause)
  } finally {
    await dispatcher.destroy()
  }
}

function unreachable(url: URL, cause: unknown): PushctlError {
  const { code, message } = cause as NodeJS.ErrnoException
  const isNotHttp = code === undefined || code.startsWith('HPE_') || code === 'UND_ERR_SOCKET'
  if (isNotHttp || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    const got = `${url.origin} must answer like a pushctl node, got ${code ?? message}`
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', got, {
      why: 'the port of --node is the one that serve calls http',
      cause,
    })
  }
  const got = `the node must be reachable at ${url.origin}, got ${code}`
  return new PushctlError('PUSHCTL_TARGET_UNREACHABLE', got, {
    tries: ['pushctl serve', '--node http://HOST:PORT, the http address that serve prints'],
    cause,
  })
}

function refusalOf(
  node: string,
  status: number,
  answer: Record<string, unknown>,
  hadToken: boolean,
): PushctlError {
  const { origin } = new URL(node)
  const { code, detail } = answer
  if (typeof code !== 'string' || typeof detail !== 'string') {
    const got = `${origin} must answer like a pushctl node, got HTTP ${status}`
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', got)
  }
  if (status === 401) {
    const got = hadToken ? 'another one' : 'none'
    return new PushctlError(
      'PUSHCTL_TARGET_REFUSED',
      `${origin} needs its admin token, got ${got}`,
      {
        tries: ['--admin-token-file FILE', 'or PUSHCTL_ADMIN_TOKEN in the environment'],
      },
    )
  }
  const message = `${origin} refused the push (${status} ${code}): ${detail}`
  return new PushctlError('PUSHCTL_TARGET_REFUSED', message)
}

function parseObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function isReceipt(answer: object): answer is PushReceipt {
  const { stored, sent, acked, expired, trimmed } = answer as Partial<PushReceipt>
  return [stored, sent, acked, expired, trimmed].every((count) => typeof count === 'number')
}

function isPushAnswer(answer: object): answer is PushAnswer {
  const { accepted, stored, online, pushId } = answer as Partial<PushAnswer>
  const counts = [accepted, stored, online]
  return counts.every((count) => typeof count === 'number') && typeof pushId === 'string'
}
