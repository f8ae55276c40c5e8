/** What the main thread tells a shard about the log of broadcasts, carried out. */
import type { BroadcastQueue } from '../broadcast-queue.ts'
import { type LogOrder, STATE } from './broadcast-messages.ts'
import type { ShardLog } from './shard-log.ts'

export interface BroadcastStarted {
  readonly kind: 'broadcast-started'
  readonly requestId: number
  readonly receivers: number
}

export class LogOrders {
  readonly #log: ShardLog
  readonly #queue: BroadcastQueue
  readonly #post: (answer: BroadcastStarted) => void

  constructor(log: ShardLog, queue: BroadcastQueue, post: (answer: BroadcastStarted) => void) {
    this.#log = log
    this.#queue = queue
    this.#post = post
  }

  apply(order: LogOrder): void {
    const log = this.#log
    switch (order.kind) {
      case 'log':
        log.add(order.entries)
        log.headSeq = Math.max(log.headSeq, order.headSeq)
        break
      case 'log-entry': {
        const [seq] = order.entry.seqs
        log.add(order.entry)
        log.entries.keepPayload(seq, order.payload)
        const receivers = this.#queue.startEntry(seq)
        this.#post({ kind: 'broadcast-started', requestId: order.requestId, receivers })
        break
      }
      case 'log-state':
        if (log.setState(order.seq, order.state) && order.state !== STATE.PAUSED) {
          this.#queue.sweep()
        }
        break
      case 'log-drop':
        log.drop(order.upToSeq)
        break
      case 'log-payloads':
        log.onPayloads(order)
        break
    }
  }
}
