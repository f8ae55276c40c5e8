/**
 * Bytes that are almost right: what a fault in a client, a cut or an attacker makes of good ones.
 */
import type { Dice } from './fuzz-settings.ts'

/** Ends of ranges: of varints, lengths, opcodes, UTF-8. */
const EDGES = [0x00, 0x01, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0xbf, 0xc0, 0xed, 0xf4, 0xfe, 0xff]

export function mutated(bytes: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1)
  switch (dice.below(8)) {
    case 0:
      return withByte(bytes, at, bytes[at]! ^ (1 << dice.below(8)))
    case 1:
      return withByte(bytes, at, dice.of(EDGES))
    case 2:
      return bytes.slice(0, at)
    case 3:
      return joined(bytes.subarray(0, at), dice.bytes(dice.below(6)), bytes.subarray(at))
    case 4:
      return joined(bytes.subarray(0, at), new Uint8Array(1 + dice.below(9)).fill(dice.of(EDGES)))
    case 5:
      return joined(bytes, bytes.subarray(at))
    case 6:
      return joined(bytes.subarray(0, at), bytes.subarray(at + dice.below(5)))
    default:
      return dice.bytes(dice.below(24))
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const out = bytes.slice()
  if (at < out.length) out[at] = value
  return out
}
