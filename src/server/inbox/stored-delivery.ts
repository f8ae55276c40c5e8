/**
 * Stored pushes as they arrive at a shard: MSG, NOTIFY, or a mark that the next heartbeat is
 * awaited.
 */
import type { SocketEngine } from '../../engine/socket-engine.ts'
import { STREAM } from '../../protocol/frame-types.ts'
import { NOTIFY_BYTES_MAX, writeNotify } from '../../protocol/frame-writer.ts'
import type { FrameOutput } from '../frame-output.ts'
import type { SessionTable } from '../session-table.ts'
import type { DeviceSignals } from './device-signals.ts'
import { STORED_FLAG, type StoredRows } from './inbox-messages.ts'

export interface StoredDeliveryParts {
  readonly engine: SocketEngine
  readonly sessions: SessionTable
  readonly output: FrameOutput
  readonly signals: DeviceSignals
}

export class StoredDelivery {
  readonly #parts: StoredDeliveryParts

  constructor(parts: StoredDeliveryParts) {
    this.#parts = parts
  }

  /** Returns how many MSG were sent. Rows of devices that left are skipped: they come back. */
  deliver(rows: StoredRows): number {
    const { engine, sessions, output } = this.#parts
    const { slots, generations, flags, seqs, payloadEnds, payloads } = rows
    let count = 0
    let start = 0
    for (let i = 0; i < slots.length; i++) {
      const end = payloadEnds[i]
      const slot = slots[i]
      if (sessions.isJoined(slot) && engine.generationOf(slot) === generations[i]) {
        if (flags[i] >= STORED_FLAG.HOLD) this.#signal(slot, flags[i], seqs[i])
        else {
          output.sendMsg(slot, flags[i], seqs[i], payloads, start, end)
          count++
        }
      }
      start = end
    }
    return count
  }

  #signal(slot: number, flag: number, headSeq: number): void {
    const { output, signals } = this.#parts
    if (flag === STORED_FLAG.HOLD) return signals.hold(slot)
    const at = output.open(slot, NOTIFY_BYTES_MAX)
    output.send(slot, writeNotify(output.bytes, at, STREAM.INBOX, headSeq))
  }
}
