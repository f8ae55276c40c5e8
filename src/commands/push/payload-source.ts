/** The bytes to push: a word of the command line, a file, or stdin to its end. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { LIMITS } from '../../protocol/frame-types.ts'

export interface PayloadSource {
  readonly text: string | undefined
  /** `-` is stdin. */
  readonly file: string | undefined
  readonly stdin: Readable
  readonly signal: AbortSignal
}

/** Fails with PUSHCTL_FILE_UNREADABLE, or PUSHCTL_CONFIG where no frame could carry the payload. */
export async function readPayload({ text, file, stdin, signal }: PayloadSource): Promise<Buffer> {
  if (file === undefined) return checkSize(Buffer.from(text ?? ''), 'the payload')
  const name = file === '-' ? 'stdin' : file
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of file === '-' ? stdin : createReadStream(file, { signal })) {
      signal.throwIfAborted()
      parts.push(Buffer.from(part))
      bytes += parts[parts.length - 1].length
      // The rest of an endless or huge source need not be read to know that it is too much.
      if (bytes > LIMITS.frameBytesMax) break
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    const message = `--file must be a readable file, got ${reason} for ${file}`
    throw new PushctlError('PUSHCTL_FILE_UNREADABLE', message, { cause })
  }
  return checkSize(Buffer.concat(parts), name)
}

function checkSize(payload: Buffer, name: string): Buffer {
  if (payload.length <= LIMITS.frameBytesMax) return payload
  const message = `a payload may have at most ${LIMITS.frameBytesMax} bytes, ${name} has more`
  throw new PushctlError('PUSHCTL_CONFIG', message, { why: 'it travels in one frame' })
}
