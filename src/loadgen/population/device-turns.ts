/**
 * Whose turn it is to be pushed to: all devices that were ever connected, one after the other. With
 * several publishers each has the devices whose number leaves its own remainder, so what a device
 * gets comes over one connection, in order.
 */
export class DeviceTurns {
  readonly #devices: number
  readonly #isFailed: Uint8Array
  readonly #publishers: number
  /** By publisher. */
  readonly #next: Float64Array

  /** @param first the device that begins, whoever publishes */
  constructor(devices: number, failed: Uint32Array, publishers: number, first: number) {
    this.#devices = devices
    this.#publishers = publishers
    let highest = devices
    for (const device of failed) highest = Math.max(highest, device + 1)
    this.#isFailed = new Uint8Array(highest)
    for (const device of failed) this.#isFailed[device] = 1
    this.#next = Float64Array.from({ length: publishers }, (_, publisher) => {
      const start = first - (first % publishers) + publisher
      return start < devices ? start : publisher
    })
  }

  /** -1: this publisher has no device. */
  next(publisher: number): number {
    const step = this.#publishers
    if (publisher >= this.#devices) return -1
    const tries = Math.ceil((this.#devices - publisher) / step)
    for (let tried = 0; tried < tries; tried++) {
      const device = this.#next[publisher]
      const following = device + step
      this.#next[publisher] = following < this.#devices ? following : publisher
      if (this.#isFailed[device] === 0) return device
    }
    return -1
  }
}
