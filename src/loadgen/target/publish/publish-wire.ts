/**
 * How pushes reach devices of a target that is no push node. The publisher paces and counts; a way
 * of publishing gives it two things: a format, which writes one push into a chunk, and a stream,
 * which takes chunks. Docs: docs/targets.md#publishing.
 */
import type { ResolvedTarget } from '../target-address.ts'

/** Pushes that do not go through the HTTP API of a push node. */
export interface PublishWay {
  /** The one that pushes go to, or whose settings they are made by. */
  readonly target: ResolvedTarget
  /** POST each push here, a template; null: over the target's own protocol. */
  readonly url: string | null
}

export interface PublishFormat {
  /** Bytes of one push in a chunk: the same for all of this format. */
  readonly lineBytes: number
  /** Writes one push at `at`; `device` counts only where there are devices. */
  write(
    chunk: Uint8Array,
    at: number,
    device: number,
    seq: number,
    intendedUs: number,
    writtenUs: number,
  ): void
}

export interface PublishStream {
  /** Pushes that were answered, well or badly. */
  readonly answered: number
  /** Resolves when all answers came, or the stream broke. */
  readonly done: Promise<void>
  /** So many whole pushes. False: stop until onDrain; the chunk was taken in any case. */
  write(chunk: Buffer, pushes: number): boolean
  /** No more pushes; answers still come. */
  end(): void
  destroy(): Promise<void>
}

/** The conversation on a publisher's own connection; it owns no socket. */
export interface PublishConversation {
  /** Sent first, empty: pushes may go out at once. */
  readonly greeting: Uint8Array
  /** Sent last. */
  readonly goodbye: Uint8Array
  /** Pushes may be sent. */
  readonly isReady: boolean
  /** Answers to pushes that were read; null where pushes are not answered. */
  readonly answered: number | null
  /**
   * Reads bytes[start, end), returns from where they must be presented again. `reply` sends at
   * once. Throws PushctlError where the other side refuses or does not speak the protocol.
   */
  read(bytes: Uint8Array, start: number, end: number, reply: (bytes: Uint8Array) => void): number
}
