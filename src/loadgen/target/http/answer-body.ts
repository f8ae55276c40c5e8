/**
 * A whole HTTP answer in a region: its body is put in one piece, behind its head, as soon as its
 * last byte is there. Answers to polls are small, so that an unfinished one is looked at again from
 * its start costs less than remembering where it stood.
 */
import type { HttpHead } from '../../../protocol/http-head.ts'
import { BODY_EVENT, BODY_MODE, HttpBody } from './http-body.ts'

export const ANSWER_EVENT = { NEED_MORE: 0, ANSWER: 1, FAULT: 2 } as const
export type AnswerEvent = (typeof ANSWER_EVENT)[keyof typeof ANSWER_EVENT]

export class AnswerBody {
  /** After ANSWER: the body is bytes[head.headEnd, bodyEnd). */
  bodyEnd = 0
  /** After ANSWER: where the next answer begins. */
  answerEnd = 0
  readonly #body = new HttpBody()

  /** `head` was read from the same bytes. */
  read(head: HttpHead, bytes: Uint8Array, end: number): AnswerEvent {
    const body = this.#body
    body.begin(head)
    // Without a length nobody could say when the next poll is due.
    if (body.mode === BODY_MODE.UNTIL_CLOSE) return ANSWER_EVENT.FAULT
    const event = this.#walk(bytes, head.headEnd, end, false)
    if (event !== BODY_EVENT.END) {
      return event === BODY_EVENT.FAULT ? ANSWER_EVENT.FAULT : ANSWER_EVENT.NEED_MORE
    }
    body.begin(head)
    this.#walk(bytes, head.headEnd, end, true)
    this.answerEnd = body.at
    return ANSWER_EVENT.ANSWER
  }

  /** To the end of the body; `moves`: pieces come down behind the head. */
  #walk(bytes: Uint8Array, start: number, end: number, moves: boolean): number {
    const body = this.#body
    this.bodyEnd = start
    let at = start
    for (;;) {
      const event = body.next(bytes, at, end)
      at = body.at
      if (event !== BODY_EVENT.PIECE) return event
      if (moves && this.bodyEnd !== body.pieceStart) {
        bytes.copyWithin(this.bodyEnd, body.pieceStart, body.pieceEnd)
      }
      this.bodyEnd += body.pieceEnd - body.pieceStart
    }
  }
}
