/**
 * The way from this node to others, and questions that they answer. Frames to one node gather until
 * the end of the loop turn and go as one message. With each renewal of the lease the node sends
 * itself a pulse: a pulse that is missing means that others were not heard either, on whichever of
 * the connections to Redis something was lost.
 */
import { HopBatch, type HopHandler, readHops } from './hop-frames.ts'
import type { KeyNames } from './key-names.ts'
import type { RedisLink } from './redis-link.ts'

const ANSWER_MS_MAX = 2_000
/** A message is sent at once when this much is gathered. */
const BATCH_BYTES_MAX = 256 * 1024
/** Number of a question whose answer nobody waits for. */
export const UNANSWERED = 0
const NO_BYTES = new Uint8Array(0)

type Listener = Omit<HopHandler, 'onPulse' | 'onAnswer'>

export class NodeChannels {
  /** Messages that could not be sent. */
  lost = 0
  readonly #link: RedisLink
  readonly #keys: KeyNames
  readonly #selfName: string
  readonly #batches = new Map<string, HopBatch>()
  readonly #questions = new Map<number, (answer: unknown) => void>()
  #lastRequest = 0
  #isScheduled = false
  #pulseSent = 0
  #pulseHeard = 0
  #number = 0

  constructor(link: RedisLink, keys: KeyNames, selfName: string) {
    this.#link = link
    this.#keys = keys
    this.#selfName = selfName
  }

  async listen(number: number, listener: Listener): Promise<void> {
    this.#number = number
    const handler: HopHandler = {
      onStored: (...frame) => listener.onStored(...frame),
      onDirect: (...frame) => listener.onDirect(...frame),
      onClose: (...frame) => listener.onClose(...frame),
      onAsk: (...frame) => listener.onAsk(...frame),
      onPulse: (from, count) => {
        if (from === this.#number) this.#pulseHeard = count
      },
      onAnswer: (request, answer) => this.#questions.get(request)?.(answer),
    }
    const channel = this.#keys.channel(this.#selfName)
    await this.#link.subscribe(channel, (message) => readHops(message, handler))
  }

  /** Frames for that node, to be added to now. */
  to(nodeName: string): HopBatch {
    let batch = this.#batches.get(nodeName)
    if (batch === undefined) {
      batch = new HopBatch()
      this.#batches.set(nodeName, batch)
    } else if (batch.byteCount > BATCH_BYTES_MAX) void this.#send(nodeName, batch)
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => void this.flush())
    }
    return batch
  }

  /** Resolves when all of it is sent, or could not be. */
  async flush(): Promise<void> {
    this.#isScheduled = false
    const sending: Promise<void>[] = []
    for (const [name, batch] of this.#batches) {
      if (!batch.isEmpty) sending.push(this.#send(name, batch))
      else this.#batches.delete(name)
    }
    await Promise.all(sending)
  }

  /** A question that is not answered. */
  tell(nodeName: string, message: object): void {
    this.to(nodeName).addAsk(UNANSWERED, this.#selfName, message, NO_BYTES)
  }

  /** null where the node does not answer in time. */
  ask(nodeName: string, question: object, payload: Uint8Array = NO_BYTES): Promise<unknown> {
    const request = (this.#lastRequest = (this.#lastRequest + 1) >>> 0 || 1)
    return new Promise((resolve) => {
      const settle = (answer: unknown) => {
        clearTimeout(timer)
        this.#questions.delete(request)
        resolve(answer)
      }
      const timer = setTimeout(() => settle(null), ANSWER_MS_MAX)
      this.#questions.set(request, settle)
      this.to(nodeName).addAsk(request, this.#selfName, question, payload)
    })
  }

  /** True where the last one was heard. To be called once a renewal. */
  pulse(): boolean {
    const isWhole = this.#pulseHeard === this.#pulseSent
    if (!isWhole) this.#link.resubscribe(this.#keys.channel(this.#selfName)).catch(() => {})
    this.#pulseSent = (this.#pulseSent + 1) >>> 0
    this.to(this.#selfName).addPulse(this.#number, this.#pulseSent)
    return isWhole
  }

  #send(nodeName: string, batch: HopBatch): Promise<void> {
    return this.#link.publish(this.#keys.channel(nodeName), batch.take()).then(
      (heard) => {
        if (heard === 0) this.lost++
      },
      () => void this.lost++,
    )
  }
}
