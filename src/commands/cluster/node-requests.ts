/**
 * What the cluster verbs ask of a node, over its HTTP API. Every way in which that can fail is an
 * error for people: nobody there, not a node, no token, refused.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { answerText } from '../answer-text.ts'

const ANSWER_MS_MAX = 10_000
/** GET /v1/node has a histogram for each kind of pause; /v1/cluster some 500 bytes a node. */
const ANSWER_BYTES_MAX = 16 << 20

export interface NodeAccess {
  readonly adminToken: string | null
  readonly signal: AbortSignal
}

export interface NodeAnswer {
  readonly status: number
  /** {} where the body is no JSON object. */
  readonly document: Readonly<Record<string, unknown>>
}

type Method = 'GET' | 'POST' | 'DELETE'

/**
 * The answer where it is 200 or 202, or one of `allowed`. Fails with PUSHCTL_TARGET_UNREACHABLE,
 * PUSHCTL_TARGET_REFUSED or PUSHCTL_TARGET_PROTOCOL.
 */
export async function askNode(
  access: NodeAccess,
  [method, base, path]: readonly [Method, base: string, path: string],
  body: object | null = null,
  allowed: readonly number[] = [],
): Promise<NodeAnswer> {
  const url = new URL(path, base)
  const answer = await requestNode(access, method, url, body)
  if ([200, 202, ...allowed].includes(answer.status)) return answer
  throw refusalOf(url, answer, access.adminToken !== null)
}

async function requestNode(
  { adminToken, signal }: NodeAccess,
  method: Method,
  url: URL,
  body: object | null,
): Promise<NodeAnswer> {
  const { request } = await import('undici')
  try {
    const answer = await request(url, {
      method,
      headers: {
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        ...(adminToken === null ? {} : { authorization: `Bearer ${adminToken}` }),
      },
      body: body === null ? null : JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    })
    return {
      status: answer.statusCode,
      document: parseObject(await answerText(answer.body, ANSWER_BYTES_MAX)),
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    throw unreachable(url, cause)
  }
}

function unreachable(url: URL, cause: unknown): PushctlError {
  const { code, message, name } = cause as NodeJS.ErrnoException
  if (cause instanceof SyntaxError || code?.startsWith('HPE_')) {
    const got = `${url.origin} must answer like a pushctl node, got ${code ?? message}`
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', got, { cause })
  }
  const reason = name === 'TimeoutError' ? `no answer in ${ANSWER_MS_MAX} ms` : (code ?? message)
  const got = `the node must be reachable at ${url.origin}, got ${reason}`
  return new PushctlError('PUSHCTL_TARGET_UNREACHABLE', got, {
    why: 'each node tells the cluster the address of its HTTP API: serve --advertise-http',
    tries: ['--cluster redis://HOST, or --node http://HOST:PORT of a node that runs'],
    cause,
  })
}

/** An answer that says no, as an error for people. */
export function refusalOf(
  url: URL,
  { status, document }: NodeAnswer,
  hadToken: boolean,
): PushctlError {
  const { code, detail } = document
  if (status === 401) {
    const got = hadToken ? 'another one' : 'none'
    const rule = `${url.origin} needs its admin token, got ${got}`
    const tries = ['--admin-token-file FILE', 'or PUSHCTL_ADMIN_TOKEN in the environment']
    return new PushctlError('PUSHCTL_TARGET_REFUSED', rule, { tries })
  }
  if (typeof code !== 'string' || typeof detail !== 'string') {
    const got = `${url.origin} must answer like a pushctl node, got HTTP ${status}`
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', got)
  }
  const message = `${url.origin} refused ${url.pathname} (${status} ${code}): ${detail}`
  return new PushctlError('PUSHCTL_TARGET_REFUSED', message)
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
