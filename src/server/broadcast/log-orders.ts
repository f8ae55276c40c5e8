/** What the main thread tells a shard about the log of broadcasts, carried out. */
import type { BroadcastQueue } from '../broadcast-queue.ts'
import type { TagIndex } from '../tag-index.ts'
import type { LogOrder } from './broadcast-messages.ts'
import type { ShardLog, ShardLogEntry } from './shard-log.ts'

export interface BroadcastStarted {
  readonly kind: 'broadcast-started'
  readonly requestId: number
  readonly receivers: number
}

export class LogOrders {
  readonly #log: ShardLog
  readonly #queue: BroadcastQueue
  readonly #tags: TagIndex
  readonly #post: (answer: BroadcastStarted) => void

  constructor(
    log: ShardLog,
    queue: BroadcastQueue,
    tags: TagIndex,
    post: (answer: BroadcastStarted) => void,
  ) {
    this.#log = log
    this.#queue = queue
    this.#tags = tags
    this.#post = post
  }

  apply(order: LogOrder): void {
    switch (order.kind) {
      case 'log':
        for (const entry of order.entries) this.#log.add(entry)
        this.#log.headSeq = order.headSeq
        break
      case 'log-entry': {
        const receivers = this.#start(this.#log.add(order.entry))
        this.#post({ kind: 'broadcast-started', requestId: order.requestId, receivers })
        break
      }
      case 'log-state':
        for (const entry of this.#log.setState(order.seq, order.state)) {
          this.#queue.forget(entry)
          this.#start(entry)
        }
        break
      case 'log-drop':
        this.#log.drop(order.upToSeq)
        break
    }
  }

  #start(entry: ShardLogEntry): number {
    const members = entry.tag === null ? null : this.#tags.membersOf(entry.tag)
    return this.#queue.start(entry.payload, members, entry)
  }
}
