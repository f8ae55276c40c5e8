/**
 * The vocabulary of the push protocol: frame types, flag bits, BYE codes, limits. Numbers only, no
 * behaviour. docs/protocol.md says what each means; where the two disagree, one of them has a bug.
 */

/** The type byte. Bit 7 set: node → device. */
export const FRAME = {
  HELLO: 0x01,
  PING: 0x02,
  ACK: 0x03,
  PULL: 0x04,
  SEND: 0x05,
  BIND: 0x06,
  WELCOME: 0x81,
  PONG: 0x82,
  MSG: 0x83,
  NOTIFY: 0x84,
  BYE: 0x85,
  SENT: 0x86,
} as const

export type FrameName = keyof typeof FRAME
export type FrameType = (typeof FRAME)[FrameName]

/** Set in the type byte of every frame that a node sends. */
export const FROM_NODE_BIT = 0x80

export const PROTOCOL_VERSION = 1

export const HELLO_FLAG = {
  /** NOTIFY and PULL instead of direct MSG. */
  WANTS_NOTIFY: 1,
  /** The device will ACK; without it nothing is redelivered. */
  WILL_ACK: 2,
  /** Times the number of the key (1–15) under which payloads are to be sealed. */
  PAYLOAD_KEY: 16,
} as const

export const WELCOME_FLAG = {
  RESUMED: 1,
  /** Payloads are sealed (payload-seal.ts), in both directions. */
  SEALED: 2,
} as const

export const MSG_FLAG = {
  WANTS_ACK: 1,
  BROADCAST: 2,
  /** `publishedUs u64` follows `seq`. Writers set it from the value, never by hand. */
  PUBLISHED_US: 4,
  REDELIVERY: 8,
  SEALED: 16,
} as const

export const STREAM = { INBOX: 0, BROADCAST: 1 } as const

/** What the device says it is on; a reader takes every value it does not know as UNKNOWN. */
export const NETWORK = { UNKNOWN: 0, WIFI: 1, G2: 2, G3: 3, G4: 4, G5: 5, WIRED: 6 } as const

export const SENT_STATUS = { ACCEPTED: 0, REFUSED: 1, OVERLOADED: 2 } as const

/** SEND to this product is answered by the node itself with the same payload, for measuring. */
export const ECHO_PRODUCT = 'echo'

/** Why a node ends a connection; the same numbers are the WebSocket close codes. */
export const BYE = {
  PROTOCOL_ERROR: 4000,
  REPLACED: 4001,
  KICKED: 4002,
  UNAUTHORIZED: 4003,
  BAD_DEVICE_ID: 4004,
  FRAME_TOO_LARGE: 4005,
  OVERLOADED: 4100,
  RATE_LIMITED: 4101,
  TOO_SLOW: 4102,
  NODE_FULL: 4103,
  HEARTBEAT_LOST: 4200,
  HANDSHAKE_TIMEOUT: 4201,
  SHUTDOWN: 4202,
  DRAIN: 4300,
  REBALANCE: 4301,
  WRONG_NODE: 4302,
} as const

export type ByeCode = (typeof BYE)[keyof typeof BYE]
export type ByeRange = 'stop' | 'backoff' | 'now' | 'elsewhere'

const BYE_REASONS = new Map<number, string>(
  Object.entries(BYE).map(([name, code]) => [code, name.toLowerCase().replaceAll('_', '-')]),
)

/** The `reason` string of a code: "protocol-error"; "unknown" for a code of a newer version. */
export function byeReason(code: number): string {
  return BYE_REASONS.get(code) ?? 'unknown'
}

/**
 * What a client should do, from the hundreds alone. Codes outside 4000–4399 (1006 …) mean: back
 * off.
 */
export function byeRange(code: number): ByeRange {
  if (code >= 4000 && code < 4100) return 'stop'
  if (code >= 4200 && code < 4300) return 'now'
  if (code >= 4300 && code < 4400) return 'elsewhere'
  return 'backoff'
}

/**
 * Defaults of everything that has a bound. A reader never allocates for a peer, so these bound its
 * time, not its memory.
 */
export const LIMITS = {
  /** Type byte and body, without the TCP length. Also the largest WebSocket message. */
  frameBytesMax: 64 * 1024,
  deviceIdBytesMax: 128,
  tagCountMax: 32,
  tagBytesMax: 128,
  /** A signed token with a few claims; larger ones belong into a session at the issuer. */
  tokenBytesMax: 4096,
  productBytesMax: 128,
  routeBytesMax: 1024,
  /** So that a reason always fits a WebSocket close frame (125 bytes less the code). */
  reasonBytesMax: 123,
  addressCountMax: 16,
  addressBytesMax: 256,
  upgradeHeadBytesMax: 8 * 1024,
  upgradeHeaderCountMax: 64,
  /**
   * Brackets inside brackets in a JSON frame; ours need 2, the rest is room for unknown fields of
   * newer clients.
   */
  jsonDepthMax: 8,
  handshakeMs: 10_000,
  unackedPerDeviceMax: 1_000,
  sendQueueBytesMax: 256 * 1024,
} as const
