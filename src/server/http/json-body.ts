/**
 * JSON from bytes, with the two ways in which it can fail told apart: invalid UTF-8 would otherwise
 * become U+FFFD.
 */
import { isUtf8 } from 'node:buffer'
import { type Problem, problemOf } from './problem.ts'

/** Wrapped in an object, so that a body which itself looks like a problem stays a body. */
export type ParsedJson = { readonly value: unknown } | { readonly problem: Problem }

export function parseJsonBytes(bytes: Buffer): ParsedJson {
  if (!isUtf8(bytes)) return { problem: problemOf('bad-utf8', 'JSON must be UTF-8') }
  try {
    return { value: JSON.parse(bytes.toString('utf8')) }
  } catch (failure) {
    // V8 quotes the text around the fault; the position alone says enough and repeats no payload.
    const position = /position \d+/.exec((failure as Error).message)?.[0]
    return { problem: problemOf('bad-json', `not JSON${position ? ` at ${position}` : ''}`) }
  }
}
