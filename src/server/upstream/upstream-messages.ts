/**
 * What shards and the main thread say to each other about upstream traffic: a batch of rows up, the
 * answers to those that asked for one down. Rows are parallel arrays and one arena of text.
 */

export const UPSTREAM_ROW = { SEND: 0, ONLINE: 1, OFFLINE: 2 } as const

/** Texts of one row, in the order in which they lie in the arena. */
export const TEXTS_PER_ROW = 4
/** Counted for each row beside its text, so that empty ones are bounded too. */
export const ROW_BYTES = 32

export interface UpstreamRows {
  readonly kind: 'upstream'
  /** UPSTREAM_ROW */
  readonly rowKinds: Uint8Array
  readonly slots: Int32Array
  readonly generations: Uint16Array
  /** 0 where the device wants no SENT. */
  readonly requestIds: Float64Array
  readonly sessionIds: Uint32Array
  /**
   * Four texts a row, text k of row i is texts[textEnds[4i + k - 1], textEnds[4i + k]): device id,
   * product, route, payload; of a device that came or went: its id, carrier or reason, and two
   * empty ones.
   */
  readonly textEnds: Uint32Array
  readonly texts: Uint8Array
}

/** Answers one UpstreamRows; rows that want no SENT are left out. */
export interface UpstreamAnswers {
  readonly kind: 'sent'
  /** Text of the batch that is answered, and ROW_BYTES a row: it is no longer on its way. */
  readonly answeredBytes: number
  readonly slots: Int32Array
  readonly generations: Uint16Array
  readonly requestIds: Float64Array
  /** SENT_STATUS */
  readonly statuses: Uint8Array
}

/** Whether devices that come and go are told too, from now on. */
export interface DeviceEventsSwitch {
  readonly kind: 'device-events'
  readonly isOn: boolean
}

/** What a shard has to do with upstream traffic; without it every product is refused. */
export interface ShardUpstreamSettings {
  readonly deviceEvents: boolean
}
