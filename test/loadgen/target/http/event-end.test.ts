import { describe, expect, it } from 'vitest'
import { eventEnd } from '../../../../src/loadgen/target/http/event-end.ts'

describe('the end of an event', () => {
  it.each([
    ['data: x\n\n', 9],
    ['data: x\r\n\r\n', 11],
    ['data: x\r\rdata: y', 9],
    ['data: x\n\r\nrest', 10],
    ['id: 1\ndata: x\n\ndata: y\n\n', 15],
    ['data: x\n', -1],
    ['data: x\r\n', -1],
    ['data: x', -1],
    ['', -1],
    // The second half of a line end, left over from the event before.
    ['\ndata: x\n\n', 10],
  ])('of %j is at %d', (text, end) => {
    const bytes = Buffer.from(`..${text}`)
    expect(eventEnd(bytes, 2, bytes.length)).toBe(end < 0 ? -1 : end + 2)
  })
})
