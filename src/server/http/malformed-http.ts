/**
 * The last words to a client whose request Node's HTTP parser refused: a problem, written by hand,
 * and the end.
 */
import type { Socket } from 'node:net'
import { PROBLEM_MEDIA_TYPE, type ProblemCode, problemOf } from './problem.ts'

const CODES: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

const DETAILS: Partial<Record<ProblemCode, string>> = {
  'bad-http': 'the request could not be parsed',
  'headers-too-large': 'request line and headers together are over the limit',
  'request-timeout': 'the headers did not arrive in time',
}

export function answerMalformedHttp(failure: Error & { code?: string }, socket: Socket): void {
  if (failure.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const code = CODES[failure.code ?? ''] ?? 'bad-http'
  const problem = problemOf(code, DETAILS[code] ?? '')
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
