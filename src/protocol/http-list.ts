/**
 * Header values that are comma-separated lists, perhaps over several lines of one name (RFC 9110,
 * sections 5.3 and 5.6.1).
 */
import { equalsAsciiAnyCase } from './ascii.ts'
import type { HttpHead } from './http-head.ts'

const COMMA = 0x2c
const SPACE = 0x20
const TAB = 0x09

/**
 * Calls `visit` for each item that is not empty, until it returns true; then returns true itself.
 */
export function forEachListItem(
  head: HttpHead,
  lowerCaseName: string,
  visit: (start: number, end: number) => boolean,
): boolean {
  for (
    let index = head.find(lowerCaseName);
    index >= 0;
    index = head.find(lowerCaseName, index + 1)
  ) {
    const behind = head.valueEnds[index]
    let start = head.valueStarts[index]
    while (start < behind) {
      let end = start
      while (end < behind && head.bytes[end] !== COMMA) end++
      if (visitTrimmed(head.bytes, start, end, visit)) return true
      start = end + 1
    }
  }
  return false
}

/** Whether one item of the list is this token, in any case. */
export function listHasToken(head: HttpHead, lowerCaseName: string, lowerCase: string): boolean {
  return forEachListItem(head, lowerCaseName, (start, end) =>
    equalsAsciiAnyCase(head.bytes, start, end, lowerCase),
  )
}

function visitTrimmed(
  bytes: Uint8Array,
  from: number,
  to: number,
  visit: (start: number, end: number) => boolean,
): boolean {
  let start = from
  let end = to
  while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--
  return start < end && visit(start, end)
}
