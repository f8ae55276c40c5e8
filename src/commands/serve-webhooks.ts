/** From the settings of serve-webhook-options.ts to the webhooks of a node. */
import type { OptionsOf } from '../config/option-table.ts'
import { ConfigFaults, PushctlError } from '../errors/pushctl-error.ts'
import type { WebhookSettings, WebhookTarget } from '../server/upstream/webhook-target.ts'
import type { WEBHOOK_OPTIONS } from './serve-webhook-options.ts'

const SECRET_BYTES_MIN = 16
/** Beside the bound in bytes: so many empty messages are 20 MB of JSON. */
const QUEUED_EVENTS_MAX = 200_000
/** Of the time that a shutdown may take: what waits is delivered after the devices are gone. */
const CLOSE_MS_MAX = 10_000

export interface PlannedWebhooks {
  readonly webhooks: WebhookSettings | null
  readonly notes: readonly string[]
}

/** Throws PushctlError, or ConfigFaults where several addresses are wrong. */
export async function planWebhooks(
  options: OptionsOf<typeof WEBHOOK_OPTIONS> & { readonly drainMs: number },
  environmentSecret: string | undefined,
): Promise<PlannedWebhooks> {
  if (options.webhooks.length === 0) {
    if (options.webhookEvents.length > 0) throw eventsWithoutAddress()
    return { webhooks: null, notes: [] }
  }
  const targets = await readTargets(options.webhooks)
  const { secret, warning } = await readSecret(options.webhookSecretFile, environmentSecret)
  return {
    notes: warning === null ? [] : [warning],
    webhooks: {
      targets,
      secret,
      deviceEvents: options.webhookEvents.includes('device'),
      timeoutMs: options.webhookTimeoutMs,
      retryMs: options.webhookRetryMs,
      queuedEventsMax: QUEUED_EVENTS_MAX,
      queuedBytesMax: options.webhookQueueBytesMax,
      closeMs: Math.min(CLOSE_MS_MAX, options.drainMs),
    },
  }
}

/** All wrong ones at once. */
async function readTargets(texts: readonly string[]): Promise<readonly WebhookTarget[]> {
  const { parseWebhookTarget } = await import('../server/upstream/webhook-target.ts')
  const targets: WebhookTarget[] = []
  const faults: PushctlError[] = []
  for (const text of texts) {
    try {
      targets.push(parseWebhookTarget(text))
    } catch (error) {
      if (!(error instanceof PushctlError)) throw error
      faults.push(error)
    }
  }
  if (faults.length === 1) throw faults[0]
  if (faults.length > 1) throw new ConfigFaults(faults)
  return targets
}

async function readSecret(
  file: string | undefined,
  environmentSecret: string | undefined,
): Promise<{ secret: string | null; warning: string | null }> {
  if (file !== undefined) {
    const { readSecretFile } = await import('../server/auth/secret-file.ts')
    const { text, warning } = await readSecretFile('--webhook-secret-file', file)
    return { secret: checkSecret(text.trim(), `--webhook-secret-file ${file}`), warning }
  }
  const secret = environmentSecret?.trim()
  if (secret) return { secret: checkSecret(secret, 'PUSHCTL_WEBHOOK_SECRET'), warning: null }
  const warning =
    'webhooks are not signed: their receiver cannot know who sends; --webhook-secret-file'
  return { secret: null, warning }
}

function checkSecret(secret: string, origin: string): string {
  const bytes = Buffer.byteLength(secret)
  if (bytes >= SECRET_BYTES_MIN) return secret
  const rule = `${origin} must hold at least ${SECRET_BYTES_MIN} bytes, got ${bytes}`
  throw new PushctlError('PUSHCTL_CONFIG', rule, {
    why: 'a shorter secret can be guessed',
    tries: ['head -c 32 /dev/urandom | base64 > webhook-secret; chmod 600 webhook-secret'],
  })
}

function eventsWithoutAddress(): PushctlError {
  const rule = '--webhook-events needs a --webhook to tell them to, got none'
  return new PushctlError('PUSHCTL_CONFIG', rule, {
    tries: ['pushctl serve --webhook https://app.example/push/devices --webhook-events device'],
  })
}
