/**
 * Waits until a stored push is acked, expired or given up for every device, and says how it goes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PushReceipt } from './node-client.ts'

const LOOK_MS = 200

/** Asks again and again; rejects with the signal's reason when it is aborted. */
export async function untilDone(
  read: () => Promise<PushReceipt>,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<PushReceipt> {
  let told = ''
  for (;;) {
    const receipt = await read()
    const { stored, sent, acked, expired, trimmed } = receipt
    if (acked + expired + trimmed >= stored) return receipt
    const line = `${sent} sent, ${acked} acked of ${stored}`
    if (line !== told) note(line)
    told = line
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {
      throw signal.reason
    })
  }
}
