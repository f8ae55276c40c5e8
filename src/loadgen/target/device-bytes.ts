/**
 * Bytes that are the same for all devices but for the device's number: made for device 0, and the
 * digits of another are written over wherever its name stands.
 */
import { type DeviceNames, deviceIdOf, writeDigits } from '../device-names.ts'

export class DeviceBytes {
  readonly bytes: Uint8Array
  readonly #digitsAt: readonly number[]
  readonly #digits: number

  /** `bytes` with the name of device 0 in any number of places. */
  constructor(bytes: Uint8Array, devices: DeviceNames) {
    this.bytes = Uint8Array.from(bytes)
    this.#digits = devices.digits
    this.#digitsAt = placesOf(this.bytes, devices)
  }

  /** Copies the bytes to `at` for one device; returns the end. */
  write(out: Uint8Array, at: number, connection: number): number {
    out.set(this.bytes, at)
    for (let index = 0; index < this.#digitsAt.length; index++) {
      writeDigits(out, at + this.#digitsAt[index], this.#digits, connection)
    }
    return at + this.bytes.length
  }
}

function placesOf(bytes: Uint8Array, devices: DeviceNames): number[] {
  const name = deviceIdOf(devices, 0)
  const buffer = Buffer.from(bytes.buffer)
  const places: number[] = []
  for (let at = buffer.indexOf(name); at >= 0; at = buffer.indexOf(name, at + name.length)) {
    places.push(at + devices.prefix.length)
  }
  return places
}
