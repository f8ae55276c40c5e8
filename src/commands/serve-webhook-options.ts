/** The settings of `pushctl serve` about where data of devices goes, one row each. */
import { defineOptions } from '../config/option-table.ts'

export const WEBHOOK_OPTIONS = defineOptions({
  webhooks: {
    flag: 'webhook',
    kind: 'string',
    placeholder: '[product=]url',
    repeatable: true,
    help: 'address that gets what devices send, of one product or of all',
  },
  webhookSecretFile: {
    flag: 'webhook-secret-file',
    kind: 'file',
    help: 'secret that webhook requests are signed with; also from PUSHCTL_WEBHOOK_SECRET',
  },
  webhookEvents: {
    flag: 'webhook-events',
    kind: 'enum',
    values: ['device'],
    repeatable: true,
    help: 'what webhooks are told beside that: device, when one comes and goes',
  },
  webhookTimeoutMs: {
    flag: 'webhook-timeout',
    kind: 'duration',
    default: 10_000,
    min: 100,
    max: 300_000,
    help: 'one request; then it is sent again',
  },
  webhookRetryMs: {
    flag: 'webhook-retry-for',
    kind: 'duration',
    default: 300_000,
    min: 0,
    max: 86_400_000,
    help: 'how long a batch is tried; then it is counted as dead',
  },
  webhookQueueBytesMax: {
    flag: 'webhook-queue-max',
    kind: 'size',
    default: 64 * 1024 * 1024,
    min: 1024 * 1024,
    max: 4 * 1024 * 1024 * 1024,
    help: 'bytes that may wait for one webhook; devices are then told "overloaded"',
  },
})
