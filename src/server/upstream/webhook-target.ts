/**
 * One --webhook: "URL" for every product, "product=URL" for one. A URL may itself contain "=", so a
 * product is what stands in front of "=http://" or "=https://".
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { LIMITS } from '../../protocol/frame-types.ts'

export interface WebhookTarget {
  readonly url: URL
  /** null takes every product. */
  readonly product: string | null
  /** For metrics and log lines: scheme, host and path, without what may be secret. */
  readonly name: string
}

export interface WebhookSettings {
  readonly targets: readonly WebhookTarget[]
  /** null: requests are not signed. */
  readonly secret: string | null
  /** Whether they are told of devices that come and go. */
  readonly deviceEvents: boolean
  /** Of one attempt: connect, headers and body. */
  readonly timeoutMs: number
  /** A batch older than this is given up. */
  readonly retryMs: number
  readonly queuedEventsMax: number
  readonly queuedBytesMax: number
  /** How long what waits is still delivered when the node stops. */
  readonly closeMs: number
}

/** Fails with PUSHCTL_CONFIG. */
export function parseWebhookTarget(text: string): WebhookTarget {
  const match = /^(?:(.*?)=)?(https?:\/\/.*)$/s.exec(text)
  const product = match?.[1] ?? null
  const url = match?.[2] && URL.canParse(match[2]) ? new URL(match[2]) : null
  if (!url) {
    throw wrong('must be http(s)://host/path or product=http(s)://host/path', hidden(text))
  }
  if (url.username || url.password) {
    throw wrong('must have no user or password in it', 'one', 'sign with --webhook-secret-file')
  }
  if (product === '' || (product !== null && Buffer.byteLength(product) > LIMITS.productBytesMax)) {
    throw wrong(`needs a product of 1-${LIMITS.productBytesMax} bytes before "="`, hidden(text))
  }
  return { url, product, name: `${product === null ? '' : `${product}=`}${nameOf(url)}` }
}

function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** A query may hold a secret. */
function hidden(text: string): string {
  return JSON.stringify(text.replace(/\?.*$/s, '?…').slice(0, 80))
}

function wrong(rule: string, got: string, advice?: string): PushctlError {
  return new PushctlError('PUSHCTL_CONFIG', `--webhook ${rule}, got ${got}`, {
    tries: [advice ?? 'pushctl serve --webhook chat=https://app.example/push/upstream'],
  })
}
