/**
 * One open batch stream on node:http, an independent peer: write lines, read answers as they come.
 */

import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { createInterface, type Interface } from 'node:readline'

export class BatchClient {
  readonly #request: ClientRequest
  readonly #response: IncomingMessage
  readonly #reader: Interface
  readonly #lines: AsyncIterator<string>
  #isWritten = Promise.resolve()

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent
    this.#response = response
    sent.on('error', () => {})
    response.on('error', () => {})
    this.#reader = createInterface({ input: response })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  static async open(port: number, headers: Record<string, string> = {}): Promise<BatchClient> {
    const sent = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v1/push/batch',
      headers: { 'content-type': 'application/x-ndjson', ...headers },
      agent: false,
    })
    sent.flushHeaders()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return new BatchClient(sent, response)
  }

  send(text: string): void {
    this.#request.write(text)
  }

  /** Resolves when the kernel has the chunk, so that the next one is likely to be read apart. */
  sendChunk(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#request.write(bytes, () => resolve()))
  }

  end(): void {
    this.#isWritten = new Promise((resolve) => this.#request.end(() => resolve()))
  }

  /** Resolves when all that was sent has left, or at once where the peer has stopped reading. */
  async written(): Promise<void> {
    await Promise.race([this.#isWritten, once(this.#request, 'drain')])
  }

  async nextLine(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the answers ended')
    return value
  }

  /** All answers that are still to come. */
  async rest(): Promise<string> {
    let text = ''
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) return text
      text += `${value}\n`
    }
  }

  async gone(): Promise<void> {
    if (!this.#response.closed) await once(this.#response, 'close')
  }
}
