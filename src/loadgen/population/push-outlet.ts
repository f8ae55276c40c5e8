/**
 * Where a publisher's pushes go: a template for each size, and one connection or several. What is
 * due in one turn is written into one buffer, which the stream keeps until it is sent, and goes
 * over the next connection in turn; pushes to rooms always go over the first one, because their
 * order counts too and a room has devices of all.
 *
 *   begin(n) ─► toDevice(…), toRoom(…) … ─► flush()
 */
import type { BatchStreamEvents } from '../batch-stream.ts'
import { type SeededRandom, seededRandom } from '../seeded-random.ts'
import type { PublisherSetup, PushKind } from '../shard-messages.ts'
import { openStream, publishFormat } from '../target/publish/open-publishing.ts'
import type { PublishFormat, PublishStream } from '../target/publish/publish-wire.ts'
import { classAt, fixedSize, type SizeClasses } from './size-classes.ts'

/** Keeps sizes apart from arrivals, which have the same seed. */
const SALT = 0x73697a65
const NOTHING: Buffer = Buffer.alloc(0)

export class PushOutlet {
  /** Index of the connection that the current buffer goes over. */
  publisher = -1
  readonly publishers: number
  readonly #sizes: SizeClasses
  readonly #random: SeededRandom
  /** By class of size. */
  readonly #formats: readonly PublishFormat[]
  readonly #roomFormats: readonly PublishFormat[]
  readonly #streams: readonly PublishStream[]
  readonly #isBlocked: Uint8Array
  /** Classes of the pushes of this turn, in order. */
  readonly #classes: Uint16Array
  #lines: Buffer = NOTHING
  #linesBytes = 0
  #linesCount = 0
  #roomLines: Buffer = NOTHING
  #roomBytes = 0
  #roomCount = 0
  #at = 0

  /** @param pushesMax of one turn */
  constructor(setup: PublisherSetup, kind: PushKind, pushesMax: number, events: BatchStreamEvents) {
    const { population = {}, messageBytes, seed } = setup
    const isUnicast = kind === 'unicast'
    this.publishers = isUnicast ? (population.publishers ?? 1) : 1
    this.#sizes = population.sizes ?? fixedSize(messageBytes)
    this.#random = seededRandom((seed ^ SALT) >>> 0)
    const to = isUnicast ? 'device' : 'all'
    this.#formats = this.#sizes.bytes.map((bytes) => publishFormat(setup, to, bytes))
    this.#roomFormats =
      isUnicast && population.rooms !== undefined
        ? this.#sizes.bytes.map((bytes) => publishFormat(setup, 'room', bytes))
        : []
    this.#classes = new Uint16Array(pushesMax)
    this.#isBlocked = new Uint8Array(this.publishers)
    this.#streams = Array.from({ length: this.publishers }, (_, publisher) =>
      openStream(setup, kind, publisher, {
        ...events,
        onDrain: () => this.#onDrain(publisher, events),
      }),
    )
  }

  /** Pushes that were answered, well or badly. */
  get answered(): number {
    return this.#streams.reduce((sum, { answered }) => sum + answered, 0)
  }

  /** Resolves when all answers came, or the streams broke. */
  get done(): Promise<unknown> {
    return Promise.all(this.#streams.map(({ done }) => done))
  }

  /** Makes room for so many pushes, and draws their sizes. */
  begin(pushes: number): void {
    this.publisher = (this.publisher + 1) % this.publishers
    let bytes = 0
    let roomBytes = 0
    const isOne = this.#formats.length === 1
    for (let index = 0; index < pushes; index++) {
      const size = isOne ? 0 : classAt(this.#sizes, this.#random.next())
      this.#classes[index] = size
      bytes += this.#formats[size].lineBytes
      if (this.#roomFormats.length > 0) roomBytes += this.#roomFormats[size].lineBytes
    }
    this.#lines = Buffer.allocUnsafe(bytes)
    this.#roomLines = roomBytes === 0 ? NOTHING : Buffer.allocUnsafe(roomBytes)
    this.#at = 0
  }

  /** To one device, or, where the kind of push is that, to all. */
  toDevice(device: number, seq: number, intendedUs: number, writtenUs: number): void {
    const format = this.#formats[this.#classes[this.#at++]]
    format.write(this.#lines, this.#linesBytes, device, seq, intendedUs, writtenUs)
    this.#linesBytes += format.lineBytes
    this.#linesCount += 1
  }

  toRoom(room: number, seq: number, intendedUs: number, writtenUs: number): void {
    const format = this.#roomFormats[this.#classes[this.#at++]]
    format.write(this.#roomLines, this.#roomBytes, room, seq, intendedUs, writtenUs)
    this.#roomBytes += format.lineBytes
    this.#roomCount += 1
  }

  /** False: stop until onDrain. What was written is taken in any case. */
  flush(): boolean {
    if (this.#linesCount > 0) {
      this.#write(this.publisher, this.#lines, this.#linesBytes, this.#linesCount)
    }
    if (this.#roomCount > 0) this.#write(0, this.#roomLines, this.#roomBytes, this.#roomCount)
    this.#linesBytes = 0
    this.#linesCount = 0
    this.#roomBytes = 0
    this.#roomCount = 0
    return !this.#isBlocked.includes(1)
  }

  /** No more pushes; answers still come. */
  end(): void {
    for (const stream of this.#streams) stream.end()
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream.destroy()))
  }

  #write(publisher: number, lines: Buffer, bytes: number, count: number): void {
    if (!this.#streams[publisher].write(lines.subarray(0, bytes), count)) {
      this.#isBlocked[publisher] = 1
    }
  }

  /** One that takes no more holds up all: they share one schedule. */
  #onDrain(publisher: number, { onDrain }: BatchStreamEvents): void {
    this.#isBlocked[publisher] = 0
    if (!this.#isBlocked.includes(1)) onDrain()
  }
}
