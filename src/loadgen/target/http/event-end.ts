/** Where an event of text/event-stream ends: at an empty line; lines end in LF, CR or both. */
const CR = 0x0d
const LF = 0x0a

/** Offset behind the empty line that ends the event at `start`, -1: it is not whole yet. */
export function eventEnd(bytes: Uint8Array, start: number, end: number): number {
  let isLineEmpty = false
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte !== CR && byte !== LF) {
      isLineEmpty = false
      continue
    }
    // A LF behind a CR belongs to it; where it has not come yet, it is skipped as an empty line.
    if (byte === CR && at + 1 < end && bytes[at + 1] === LF) at++
    if (isLineEmpty) return at + 1
    isLineEmpty = true
  }
  return -1
}
