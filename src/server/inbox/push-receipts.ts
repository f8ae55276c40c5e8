/**
 * What became of the last stored pushes: counts by push number in a ring of columns, so that a
 * receipt costs no object and the oldest give way. They end with the process.
 *
 *   row │ push number │ accepted │ stored │ online │ sent │ acked │ expired │ trimmed
 *     5 │      65_541 │        3 │      3 │      2 │    2 │     1 │       0 │       0
 */
import type { BroadcastState } from '../broadcast/broadcast-messages.ts'
import type { RemovalCause } from '../store/inbox.ts'

/** 65,536 pushes, 2 MiB. */
const ROWS = 1 << 16

export interface PushReceipt {
  readonly accepted: number
  readonly stored: number
  readonly online: number
  /** Handed to connections, each message once. */
  readonly sent: number
  readonly acked: number
  readonly expired: number
  /** Given up for newer pushes of the same device. */
  readonly trimmed: number
  /** Of a broadcast. */
  readonly state?: BroadcastState | 'expired'
}

export class PushReceipts {
  readonly #numbers = new Uint32Array(ROWS)
  readonly #accepted = new Uint32Array(ROWS)
  readonly #stored = new Uint32Array(ROWS)
  readonly #online = new Uint32Array(ROWS)
  readonly #sent = new Uint32Array(ROWS)
  readonly #removed = {
    acked: new Uint32Array(ROWS),
    expired: new Uint32Array(ROWS),
    trimmed: new Uint32Array(ROWS),
  }

  /** `number` from 1. */
  begin(number: number, accepted: number, stored: number, online: number): void {
    const row = number % ROWS
    this.#numbers[row] = number
    this.#accepted[row] = accepted
    this.#stored[row] = stored
    this.#online[row] = online
    this.#sent[row] = 0
    this.#removed.acked[row] = 0
    this.#removed.expired[row] = 0
    this.#removed.trimmed[row] = 0
  }

  addSent(number: number): void {
    const row = number % ROWS
    if (number !== 0 && this.#numbers[row] === number) this.#sent[row]++
  }

  addRemoved(number: number, cause: RemovalCause): void {
    const row = number % ROWS
    if (number !== 0 && this.#numbers[row] === number) this.#removed[cause][row]++
  }

  /** null where it is unknown, or too long ago. */
  find(number: number): PushReceipt | null {
    const row = number % ROWS
    if (number === 0 || this.#numbers[row] !== number) return null
    return {
      accepted: this.#accepted[row],
      stored: this.#stored[row],
      online: this.#online[row],
      sent: this.#sent[row],
      acked: this.#removed.acked[row],
      expired: this.#removed.expired[row],
      trimmed: this.#removed.trimmed[row],
    }
  }
}
