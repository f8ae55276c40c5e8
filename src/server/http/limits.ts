/**
 * How much one HTTP client may ask of a node. Every limit answers with a problem or closes that one
 * connection; none of them is a crash. Streams have no time limit, because the load generator keeps
 * one open for a whole run.
 */

import { LIMITS } from '../../protocol/frame-types.ts'
import { msgBytesMax } from '../../protocol/frame-writer.ts'

export interface HttpLimits {
  /** Body of one request that is not a stream: 10,000 ids of 128 bytes and a payload fit. */
  readonly bodyBytesMax: number
  /**
   * One line of POST /v1/push/batch, without its newline. Longer lists of ids go to POST /v1/push.
   */
  readonly lineBytesMax: number
  /**
   * A frame of 64 KiB less the largest MSG head: type, flags, seq (8-byte varint) and publishedUs.
   */
  readonly payloadBytesMax: number
  readonly deviceIdsPerPushMax: number
  /** Protocol limit of a device id; a tag is held to the same. */
  readonly deviceIdBytesMax: number
  /** Request line and headers together (Node's maxHeaderSize). */
  readonly headerBytesMax: number
  /** Beyond it a new connection is closed unread. */
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  /** From the end of the headers to the end of the body. */
  readonly bodyTimeoutMs: number
  /**
   * Lines of one batch stream that are read but not answered; the stream is read no further above
   * it.
   */
  readonly linesInFlightMax: number
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytesMax: 2 * 1024 * 1024,
  lineBytesMax: 256 * 1024,
  payloadBytesMax: LIMITS.frameBytesMax - msgBytesMax(0),
  deviceIdsPerPushMax: 10_000,
  deviceIdBytesMax: LIMITS.deviceIdBytesMax,
  headerBytesMax: 16 * 1024,
  connectionsMax: 1_024,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  linesInFlightMax: 4_096,
}
