import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cursorText, parseCursor } from '../../../src/server/http-devices/delivery-cursor.ts'

it('comes back from the text that it went out as', () => {
  const seq = fc.nat(Number.MAX_SAFE_INTEGER)
  fc.assert(
    fc.property(seq, seq, (inboxSeq, broadcastSeq) => {
      const cursor = { inboxSeq, broadcastSeq }
      expect(parseCursor(cursorText(cursor))).toEqual(cursor)
    }),
  )
})

it('is not made of anything else', () => {
  expect(parseCursor('42')).toEqual({ inboxSeq: 42, broadcastSeq: 0 })
  for (const text of ['', '-', '1-', '-1', '1-2-3', 'x', '1.5', '9'.repeat(16), ' 1']) {
    expect(parseCursor(text)).toBeNull()
  }
})
