/**
 * Sends the batches of one lane of a webhook, one at a time, so that what comes from one device
 * arrives in order. A batch that is not answered with 2xx is sent again, later and later, until it
 * is too old; then it is counted as dead and the next one has its turn.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'undici'
import { retryAfterMs, retryDelayMs } from './retry-delay.ts'
import type { WebhookBatch, WebhookBatches } from './webhook-batches.ts'
import { SIGNATURE_HEADER, signatureOf } from './webhook-signature.ts'
import type { WebhookSettings, WebhookTarget } from './webhook-target.ts'

/** Of the answer's body; a webhook has nothing to say beside its status. */
const ANSWER_BYTES_MAX = 16 * 1024

export interface LaneCounts {
  /** Events whose batch was answered with 2xx. */
  delivered: number
  /** Events given up. */
  dead: number
  /** Requests by outcome: status such as "503", "timeout", "connection". */
  readonly attempts: Record<string, number>
}

export interface LaneParts {
  readonly pool: Pool
  readonly target: WebhookTarget
  readonly settings: WebhookSettings
  readonly batches: WebhookBatches
  readonly counts: LaneCounts
  /** Told once for each batch that is given up. */
  readonly onDead: (batch: WebhookBatch, lastOutcome: string) => void
}

export class WebhookLane {
  readonly #parts: LaneParts
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null

  constructor(parts: LaneParts) {
    this.#parts = parts
  }

  /** Something was offered: sends until nothing waits. */
  wake(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  /** Gives up what waits and what is being sent; resolves when the last attempt is over. */
  async abandon(): Promise<void> {
    this.#stop.abort()
    await this.idle()
  }

  async #run(): Promise<void> {
    const { batches } = this.#parts
    // The rest of this turn belongs into the same batch.
    await new Promise((resolve) => setImmediate(resolve))
    for (let batch = batches.next(); batch !== undefined; batch = batches.next()) {
      await this.#deliver(batch)
      batches.done(batch)
    }
    this.#running = null
  }

  async #deliver(batch: WebhookBatch): Promise<void> {
    const { settings, counts, onDead } = this.#parts
    const { signal } = this.#stop
    let outcome: Outcome = { name: 'shutdown', isDelivered: false, retryAfterMs: 0 }
    for (let attempt = 1; !signal.aborted; attempt++) {
      outcome = await this.#attempt(batch, attempt)
      if (outcome.isDelivered) {
        counts.delivered += batch.eventCount
        return
      }
      const delayMs = retryDelayMs(attempt, Math.random(), outcome.retryAfterMs)
      if (performance.now() + delayMs - batch.openedAtMs > settings.retryMs) break
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    }
    counts.dead += batch.eventCount
    onDead(batch, outcome.name)
  }

  async #attempt(batch: WebhookBatch, attempt: number): Promise<Outcome> {
    const { pool, target, settings, counts } = this.#parts
    const limit = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(settings.timeoutMs)])
    const outcome = await pool
      .request({
        method: 'POST',
        path: `${target.url.pathname}${target.url.search}`,
        headers: this.#headersOf(batch, attempt),
        body: batch.body,
        signal: limit,
      })
      .then(async ({ statusCode, headers, body }): Promise<Outcome> => {
        await body.dump({ limit: ANSWER_BYTES_MAX, signal: limit })
        return {
          name: String(statusCode),
          isDelivered: statusCode >= 200 && statusCode < 300,
          retryAfterMs: retryAfterMs(headers['retry-after']),
        }
      })
      .catch((failure: unknown) => ({
        name: failureName(failure),
        isDelivered: false,
        retryAfterMs: 0,
      }))
    counts.attempts[outcome.name] = (counts.attempts[outcome.name] ?? 0) + 1
    return outcome
  }

  #headersOf(batch: WebhookBatch, attempt: number): Record<string, string> {
    const { secret } = this.#parts.settings
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': 'pushctl',
      'pushctl-delivery': batch.id,
      'pushctl-attempt': String(attempt),
    }
    if (secret !== null) {
      headers[SIGNATURE_HEADER] = signatureOf(secret, Math.floor(Date.now() / 1000), batch.body)
    }
    return headers
  }
}

interface Outcome {
  readonly name: string
  readonly isDelivered: boolean
  readonly retryAfterMs: number
}

function failureName(failure: unknown): string {
  const { name, code } = failure as { name?: string; code?: string }
  const isTimeout = name === 'TimeoutError' || /TIMEOUT/.test(code ?? '')
  return isTimeout ? 'timeout' : name === 'AbortError' ? 'shutdown' : 'connection'
}
