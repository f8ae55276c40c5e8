/**
 * This host. Files of procfs say size 0, so they are read to the end, up to a limit; commands run
 * with LC_ALL=C and are stopped at a limit of lines, bytes or time. One thread-pool task a file:
 * 300 files take some 10 ms.
 */
import { spawn } from 'node:child_process'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type Fact, known, unknown } from '../fact.ts'
import {
  COMMAND_BYTES_MAX,
  COMMAND_TIMEOUT_MS,
  type CommandOutput,
  type FactSource,
  FILE_BYTES_MAX,
  type HostCommand,
  READ_TIMEOUT_MS,
} from './fact-source.ts'
import { fetchMetrics } from './fetch-metrics.ts'
import { readFailure } from './read-failure.ts'

/** A folder larger than this (/proc of a very busy host) is cut, not walked. */
const ENTRIES_MAX = 20_000

export class LiveSource implements FactSource {
  readonly origin = { kind: 'live', name: 'this host' } as const
  readonly #signal: AbortSignal | undefined

  /** The signal ends the wait between two samples, with its reason. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  readText(path: string, bytesMax = FILE_BYTES_MAX): Promise<Fact<string>> {
    return timed(path, readWhole(path, bytesMax))
  }

  list(folder: string): Promise<Fact<readonly string[]>> {
    return timed(
      folder,
      readdir(folder).then((names) => names.slice(0, ENTRIES_MAX).sort()),
    )
  }

  readLink(path: string): Promise<Fact<string>> {
    return timed(path, readlink(path))
  }

  sizeOf(path: string): Promise<Fact<number>> {
    return timed(
      path,
      lstat(path).then((status) => status.size),
    )
  }

  run(command: HostCommand): Promise<Fact<CommandOutput>> {
    return runCommand(command)
  }

  fetchMetrics(url: string): Promise<Fact<string>> {
    return fetchMetrics(url)
  }

  async advance(windowMs: number, firstAtMs: number): Promise<number> {
    const waitMs = Math.max(1, firstAtMs + windowMs - performance.now())
    await wait(waitMs, undefined, this.#signal === undefined ? {} : { signal: this.#signal })
    return performance.now() - firstAtMs
  }
}

async function readWhole(path: string, bytesMax: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    const chunks: Buffer[] = []
    let length = 0
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(65_536), 0, 65_536)
      if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8')
      length += bytesRead
      if (length > bytesMax) throw new Error(`is longer than ${bytesMax} bytes`)
      chunks.push(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}

async function timed<T>(path: string, reading: Promise<T>): Promise<Fact<T>> {
  const cancel = new AbortController()
  const late = wait(READ_TIMEOUT_MS, null, { signal: cancel.signal, ref: false }).then(
    () => unknown(`was not read within ${READ_TIMEOUT_MS} ms`, path),
    () => unknown('was not read', path),
  )
  const read = reading.then(
    (value) => known(value, path),
    (error: unknown) => unknown(readFailure(error), path),
  )
  const fact = await Promise.race([read, late])
  cancel.abort()
  return fact
}

function runCommand(command: HostCommand): Promise<Fact<CommandOutput>> {
  const [program, ...args] = command.argv
  const source = command.argv.join(' ')
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { LC_ALL: 'C', PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` },
    })
    const chunks: Buffer[] = []
    let stderr = ''
    let bytes = 0
    let lineCount = 0
    let truncated = false
    const stop = (): void => {
      truncated = true
      child.kill('SIGKILL')
    }
    const timer = setTimeout(stop, command.timeoutMs ?? COMMAND_TIMEOUT_MS)
    child.stdout.on('data', (chunk: Buffer) => {
      if (truncated) return
      chunks.push(chunk)
      bytes += chunk.length
      lineCount += newlinesIn(chunk)
      if (bytes > COMMAND_BYTES_MAX || lineCount > (command.linesMax ?? Infinity)) stop()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(0, 500)
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      const reason = error.code === 'ENOENT' ? `${program} is not installed` : readFailure(error)
      resolve(unknown(reason, source))
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve(commandFact(source, chunks, truncated, code, stderr))
    })
  })
}

function commandFact(
  source: string,
  chunks: readonly Buffer[],
  truncated: boolean,
  code: number | null,
  stderr: string,
): Fact<CommandOutput> {
  const text = Buffer.concat(chunks).toString('utf8')
  if (truncated && text === '') return unknown('gave no answer in time', source)
  if (!truncated && code !== 0) {
    const said = stderr.trim().split('\n')[0] ?? ''
    return unknown(said === '' ? `ended with status ${code}` : `failed: ${said}`, source)
  }
  return known({ text: truncated ? wholeLines(text) : text, truncated }, source)
}

function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

function newlinesIn(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count += 1
  return count
}
