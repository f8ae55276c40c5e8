/** Runs one verb through the real command line with a fake Host, as a user would type it. */
import type { PassThrough } from 'node:stream'
import { main } from '../../src/cli/main.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { type FakeHost, fakeHost } from '../cli/fake-host.ts'

export interface CommandRun {
  readonly host: FakeHost
  readonly stdin: PassThrough
  /** The exit code. */
  readonly ended: Promise<number>
}

export function startCommand(
  command: AnyCommand,
  words: readonly string[],
  env: Record<string, string> = {},
): CommandRun {
  const host = fakeHost([command.name, ...words], { env })
  const { name, summary } = command
  const ended = main(host, [{ name, summary, load: async () => ({ command }) }])
  return { host, stdin: host.stdin as PassThrough, ended }
}

/** Resolves with the whole text as soon as stdout or stderr holds `wanted`. */
export function untilWritten(
  run: CommandRun,
  stream: 'stdout' | 'stderr',
  wanted: string,
): Promise<string> {
  const text = () => (stream === 'stdout' ? run.host.out() : run.host.err())
  const sink = run.host[stream]
  const write = sink.write.bind(sink)
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (text().includes(wanted)) resolve(text())
    }
    sink.write = ((...words: Parameters<typeof sink.write>) => {
      const taken = write(...words)
      queueMicrotask(look)
      return taken
    }) as typeof sink.write
    run.ended.then((code) => {
      look()
      reject(new Error(`ended with ${code} before ${JSON.stringify(wanted)}: ${run.host.err()}`))
    }, reject)
    look()
  })
}
