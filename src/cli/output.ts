/** Writing to a stream that may be slow (a pipe) or gone (`| head`). */
import type { Writable } from 'node:stream'

/** Resolves when the stream has taken the text, so that an exit right after cannot cut it off. */
export function writeText(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && !isBrokenPipe(error)) reject(error)
      else resolve()
    })
  })
}

export function isBrokenPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED'
}
