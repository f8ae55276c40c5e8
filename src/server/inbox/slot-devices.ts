/**
 * Which device with an inbox is on which slot of a shard, and what its HELLO asked for: how the
 * main thread finds the device of an ack without its id. Two columns per shard, five bytes a
 * connection, touched only for devices that have an inbox or set a flag.
 */
import { NO_ROW } from '../store/device-rows.ts'

export class SlotDevices {
  readonly #rowsPerShard: number
  /** By shard. */
  readonly #devices: Uint32Array[] = []
  readonly #flags: Uint8Array[] = []

  constructor(rowsPerShard: number) {
    this.#rowsPerShard = rowsPerShard
  }

  deviceAt(shard: number, slot: number): number {
    return this.#devices[shard]?.[slot] ?? NO_ROW
  }

  setDevice(shard: number, slot: number, device: number): void {
    this.#devices[shard] ??= new Uint32Array(this.#rowsPerShard)
    this.#devices[shard][slot] = device
  }

  /** HELLO_FLAG bits of whoever is on the slot. */
  flagsAt(shard: number, slot: number): number {
    return this.#flags[shard]?.[slot] ?? 0
  }

  setFlags(shard: number, slot: number, flags: number): void {
    if (flags === this.flagsAt(shard, slot)) return
    this.#flags[shard] ??= new Uint8Array(this.#rowsPerShard)
    this.#flags[shard][slot] = flags
  }
}
