/**
 * Where upstream traffic goes: a webhook or a consumer of the stream. A sink copies what it takes,
 * never waits, and says no when its queue is full.
 */

export interface UpstreamSink {
  takesProduct(product: string): boolean
  readonly takesDeviceEvents: boolean
  /** False: its queue is full, and it has not taken the line. */
  offerSend(deviceId: string, line: string): boolean
  /** What a device is now: online or offline. */
  offerState(deviceId: string, line: string): boolean
}
