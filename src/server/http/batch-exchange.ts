/**
 * One batch stream: lines in, one answer line out for each, in order, for as long as the client
 * likes. Lines are pushed as soon as they arrive and answered together per chunk, without waiting
 * for the next one, so a trickle has the latency of single pushes and a flood the cost of a batch.
 *
 *   request ─► NdjsonLines ─► control.push ─► in flight ─► answers in order ─► response
 *      ▲ paused while linesInFlightMax are in flight, or the client does not read its answers
 *
 * Bounded by the in-flight lines plus what one chunk of 64 KiB can ask for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NodeControl, PushOutcome, PushRequest } from '../node-control.ts'
import { problemFromFailure } from './failure-problem.ts'
import { parseJsonBytes } from './json-body.ts'
import type { HttpLimits } from './limits.ts'
import { type LineSink, NdjsonLines } from './ndjson-lines.ts'
import { errorLine, problemOf } from './problem.ts'
import { checkPushRequest, isProblem } from './push-request.ts'

export interface BatchContext {
  readonly control: NodeControl
  readonly limits: HttpLimits
  /** Told of failures that are faults of the node. */
  readonly reportFailure: (failure: unknown, where: string) => void
}

export class BatchExchange implements LineSink {
  readonly #context: BatchContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #lines: NdjsonLines
  /** Answers of the chunk being read: text where already known. */
  #answers: (string | Promise<string>)[] = []
  #tail: Promise<void> = Promise.resolve()
  #inFlight = 0
  #isReading = true
  #isGone = false
  #finished!: () => void
  /** Settles when the last answer is written, or the client is gone. Never rejects. */
  readonly done: Promise<void>

  constructor(context: BatchContext, request: IncomingMessage, response: ServerResponse) {
    this.#context = context
    this.#request = request
    this.#response = response
    this.#lines = new NdjsonLines(context.limits.lineBytesMax, this)
    this.done = new Promise((resolve) => {
      this.#finished = resolve
    })
    request.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    request.on('end', () => this.#onEnd())
    request.on('error', () => this.#onGone())
    response.on('close', () => this.#onGone())
    response.on('error', () => this.#onGone())
  }

  /**
   * Reads no further line; answers those that were read, then says which line was the first one
   * left.
   */
  stop(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.#request.pause()
    const detail = 'the node is shutting down; this line and those after it were not read'
    this.#answers.push(errorLine(problemOf('shutting-down', detail), this.#lines.line))
    this.#answerChunk()
    this.#endAfterAnswers()
  }

  onLine(bytes: Buffer, line: number): void {
    if (isBlank(bytes)) return
    const parsed = parseJsonBytes(bytes)
    if ('problem' in parsed) {
      this.#answers.push(errorLine(parsed.problem, line))
      return
    }
    const checked = checkPushRequest(parsed.value, this.#context.limits)
    this.#answers.push(isProblem(checked) ? errorLine(checked, line) : this.#push(checked, line))
  }

  onLineTooLarge(line: number): void {
    const detail = `a line may have at most ${this.#context.limits.lineBytesMax} bytes`
    this.#answers.push(errorLine(problemOf('line-too-large', detail), line))
  }

  #push(request: PushRequest, line: number): Promise<string> {
    const onFailure = (failure: unknown): string => {
      const { problem, unexpected } = problemFromFailure(failure)
      if (unexpected) this.#context.reportFailure(failure, 'POST /v1/push/batch')
      return errorLine(problem, line)
    }
    try {
      return this.#context.control.push(request).then(outcomeLine, onFailure)
    } catch (failure) {
      return Promise.resolve(onFailure(failure))
    }
  }

  #onChunk(chunk: Buffer): void {
    if (!this.#isReading) return
    this.#lines.feed(chunk)
    this.#answerChunk()
    if (this.#inFlight >= this.#context.limits.linesInFlightMax) this.#request.pause()
  }

  #onEnd(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.#lines.finish()
    this.#answerChunk()
    this.#endAfterAnswers()
  }

  #onGone(): void {
    this.#isGone = true
    this.#isReading = false
    this.#finished()
  }

  #answerChunk(): void {
    if (this.#answers.length === 0) return
    const answers = this.#answers
    this.#answers = []
    this.#inFlight += answers.length
    this.#tail = this.#tail.then(() => this.#writeAnswers(answers))
  }

  async #writeAnswers(answers: readonly (string | Promise<string>)[]): Promise<void> {
    let text = ''
    for (const answer of answers) text += typeof answer === 'string' ? answer : await answer
    if (!this.#isGone && !this.#response.write(text)) await this.#drained()
    this.#inFlight -= answers.length
    if (this.#isReading && this.#inFlight < this.#context.limits.linesInFlightMax) {
      this.#request.resume()
    }
  }

  /**
   * Waits until the client has taken its answers. The queue behind it fills, which pauses the
   * request.
   */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#response.off('drain', settle)
        this.#response.off('close', settle)
        resolve()
      }
      this.#response.on('drain', settle)
      this.#response.on('close', settle)
    })
  }

  #endAfterAnswers(): void {
    this.#tail = this.#tail.then(() => {
      if (!this.#isGone) this.#response.end(() => this.#finished())
    })
  }
}

function outcomeLine({ accepted, stored, online, pushId }: PushOutcome): string {
  const id = JSON.stringify(pushId)
  return `{"accepted":${accepted},"stored":${stored},"online":${online},"pushId":${id}}\n`
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0x0d)
}
