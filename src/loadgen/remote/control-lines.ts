/**
 * Lines out of a byte stream of somebody who may be anybody: a line longer than the bound ends the
 * reading, before it is held. Chunks are joined once, when their line is complete.
 */

export interface LineReader {
  /** Calls `onLine` for each complete line; false: one was too long, and nothing follows. */
  add(chunk: Uint8Array): boolean
}

export function readLines(bytesMax: number, onLine: (line: string) => void): LineReader {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let isOver = false
  return {
    add(chunk) {
      let from = 0
      while (!isOver && from < chunk.length) {
        const end = chunk.indexOf(0x0a, from)
        const part = chunk.subarray(from, end < 0 ? chunk.length : end)
        heldBytes += part.length
        isOver = heldBytes > bytesMax
        if (isOver) {
          held = []
          break
        }
        held.push(part)
        if (end < 0) break
        const line = Buffer.concat(held, heldBytes).toString('utf8')
        held = []
        heldBytes = 0
        from = end + 1
        if (line !== '') onLine(line)
      }
      return !isOver
    },
  }
}
