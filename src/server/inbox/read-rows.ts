/**
 * Messages that are to be read from the store in one go: device row, message row and number of
 * each. The number tells whether the row still means the same message when the payload is there.
 */
import { grown } from '../store/device-rows.ts'

const ROWS_AT_START = 64

export class ReadRows {
  count = 0
  devices = new Uint32Array(ROWS_AT_START)
  rows = new Uint32Array(ROWS_AT_START)
  seqs = new Float64Array(ROWS_AT_START)
  readonly #rowsMax: number

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax
  }

  get isFull(): boolean {
    return this.count >= this.#rowsMax
  }

  /** False: it is full. */
  add(device: number, row: number, seq: number): boolean {
    if (this.isFull) return false
    if (this.count === this.rows.length) {
      this.devices = grown(this.devices, this.count * 2)
      this.rows = grown(this.rows, this.count * 2)
      this.seqs = grown(this.seqs, this.count * 2)
    }
    this.devices[this.count] = device
    this.rows[this.count] = row
    this.seqs[this.count] = seq
    this.count++
    return true
  }
}
