import { expect, it } from 'vitest'
import { messageLine } from '../../../src/commands/listen/message-line.ts'

const message = (payload: Uint8Array, publishedUs = -1) => ({
  seq: 7,
  flags: 0,
  publishedUs,
  payload,
})
const HELLO = Buffer.from('hé\u001b[2J\n"')

it('a message is one line, with control characters escaped', () => {
  expect(messageLine(message(HELLO), 'a', 0, false)).toBe(
    '1970-01-01T00:00:00.000Z  seq 7  hé\\u001b[2J\\n"\n',
  )
})

it('bytes that are no text are shown as base64', () => {
  expect(messageLine(message(Uint8Array.of(0xff, 0)), 'a', 0, false)).toBe(
    '1970-01-01T00:00:00.000Z  seq 7  base64 /wA=\n',
  )
})

it('as JSON a message is whole, text as payload and bytes as payload64', () => {
  expect(JSON.parse(messageLine(message(HELLO, 1_000), 'a', 0, true))).toEqual({
    schema: 'pushctl.listen/1',
    time: '1970-01-01T00:00:00.000Z',
    device: 'a',
    seq: 7,
    flags: 0,
    publishedUs: 1_000,
    payload: 'hé\u001b[2J\n"',
  })
  const bytes = JSON.parse(messageLine(message(Uint8Array.of(0xff, 0)), 'a', 0, true))
  expect(bytes).not.toHaveProperty('publishedUs')
  expect(bytes.payload64).toBe('/wA=')
})
