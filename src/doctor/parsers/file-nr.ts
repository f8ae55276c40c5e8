/** /proc/sys/fs/file-nr: "allocated 0 max". Allocated is an estimate batched per CPU. */
import { parseDecimals } from './numbers.ts'

export interface FileNr {
  readonly allocated: number
  readonly max: number
}

export function parseFileNr(text: string): FileNr | null {
  const [allocated, , max] =
    parseDecimals(text.replace(/18446744073709551615|9223372036854775807/, '9007199254740991')) ??
    []
  return allocated === undefined || max === undefined ? null : { allocated, max }
}
