import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HttpHead } from '../../../../src/protocol/http-head.ts'
import { BODY_EVENT, HttpBody } from '../../../../src/loadgen/target/http/http-body.ts'

/** The body of a response that is presented in parts, and the event it ended with. */
function readInParts(response: Buffer, cuts: readonly number[]) {
  const head = new HttpHead()
  const body = new HttpBody()
  let [at, mode, rest] = [-1, 0, 0]
  let text = ''
  for (const end of [...cuts.toSorted((a, b) => a - b), response.length]) {
    if (at < 0) {
      if (head.readResponse(response, 0, end) !== 1) continue
      body.begin(head)
      at = head.headEnd
      ;[mode, rest] = [body.mode, body.rest]
    }
    body.mode = mode
    body.rest = rest
    for (;;) {
      const event = body.next(response, at, end)
      at = body.at
      if (event === BODY_EVENT.PIECE) {
        text += response.toString('latin1', body.pieceStart, body.pieceEnd)
      } else if (event === BODY_EVENT.NEED_MORE) break
      else return { text, event, at }
    }
    ;[mode, rest] = [body.mode, body.rest]
  }
  return { text, event: BODY_EVENT.NEED_MORE, at }
}

const HEAD = 'HTTP/1.1 200 OK\r\n'
const cuts = fc.array(fc.nat(200), { maxLength: 6 })
const pieces = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }), {
  maxLength: 5,
})

describe('the body of a response', () => {
  it('is put together from chunks, however they arrive', () => {
    fc.assert(
      fc.property(pieces, cuts, fc.boolean(), (parts, places, isDressed) => {
        const extension = isDressed ? ' ;name="a b"' : ''
        const trailer = isDressed ? 'Expires: never\r\n' : ''
        const chunks = parts.map((part) => `${part.length.toString(16)}${extension}\r\n${part}\r\n`)
        const response = Buffer.from(
          `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n${trailer}\r\n`,
        )
        const read = readInParts(response, places)
        expect(read).toEqual({ text: parts.join(''), event: BODY_EVENT.END, at: response.length })
      }),
    )
  })

  it('ends after its length, and leaves what follows', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30, unit: 'binary-ascii' }), cuts, (text, places) => {
        const response = Buffer.from(`${HEAD}Content-Length: ${text.length}\r\n\r\n${text}HTTP`)
        const read = readInParts(response, places)
        expect(read).toEqual({ text, event: BODY_EVENT.END, at: response.length - 4 })
      }),
    )
  })

  it('goes on until the connection ends where nothing is said', () => {
    const read = readInParts(Buffer.from(`${HEAD}\r\nevent after event`), [])
    expect(read).toMatchObject({ text: 'event after event', event: BODY_EVENT.NEED_MORE })
  })

  it.each(['204 No Content', '304 Not Modified'])('is empty with status %s', (status) => {
    const response = Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\n`)
    expect(readInParts(response, [])).toMatchObject({ text: '', event: BODY_EVENT.END })
  })

  it.each(['x\r\n', '\r\n', '5\r\nhello!\r\n', '5\nhello', '-1\r\n', 'fffffffffffffffff\r\n'])(
    'is at fault in chunks such as %j',
    (chunk) => {
      const response = Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}`)
      expect(readInParts(response, [])).toMatchObject({ event: BODY_EVENT.FAULT })
    },
  )
})
