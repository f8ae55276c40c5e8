/**
 * `cluster status --watch`: the table again each interval. On a terminal it is drawn in place until
 * q; elsewhere each look is printed below the last, with --json one document a line.
 */
import type { ReadStream, WriteStream } from 'node:tty'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandContext } from '../../config/command.ts'
import { EXIT, exitCodeOfSignal, type StopSignal } from '../../errors/exit-codes.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { ClusterOptions } from '../cluster-options.ts'
import type { ClusterWork } from './cluster-work.ts'
import { statusDocument, statusText } from './status-text.ts'

type Context = CommandContext<ClusterOptions>
type Show = (nowMs: number) => Promise<void>

export async function watchStatus(context: Context, work: ClusterWork): Promise<number> {
  const { json, terminal, signal } = context
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(signal.reason)
  if (signal.aborted) onSignal()
  signal.addEventListener('abort', onSignal, { once: true })
  const isLive = terminal.stdoutIsTty && !json
  const view = isLive ? await openScreen(context, work, stop) : printed(context, work)
  try {
    for (;;) {
      await view.show(context.now())
      await sleep(work.lookMs, undefined, { signal: stop.signal })
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
    return stop.signal.reason === 'q' ? EXIT.OK : exitCodeOfSignal(stop.signal.reason as StopSignal)
  } finally {
    signal.removeEventListener('abort', onSignal)
    view.close()
  }
}

function printed({ result }: Context, work: ClusterWork): { show: Show; close(): void } {
  return {
    async show(nowMs) {
      const nodes = await work.source.read()
      await result(statusDocument(nodes, nowMs), `${statusText(nodes, nowMs)}\n`)
    },
    close() {},
  }
}

async function openScreen(context: Context, work: ClusterWork, stop: AbortController) {
  const { openLineScreen } = await import('../../report/live/line-screen.tsx')
  const { terminal, stdin, stdout, stderr } = context
  const screen = openLineScreen(
    { stdin: stdin as ReadStream, stdout: stdout as WriteStream, stderr: stderr as WriteStream },
    {
      color: terminal.color,
      listens: terminal.stdinIsTty,
      onQuit: (key) => stop.abort(key === 'q' ? 'q' : 'SIGINT'),
    },
  )
  const show: Show = async (nowMs) => {
    const text = await textOf(work, nowMs)
    screen.draw(text.split('\n').map((line) => [{ text: line === '' ? ' ' : line, tone: 'plain' }]))
  }
  return { show, close: () => screen.close() }
}

/** A cluster that cannot be reached just now is what a watcher wants to see. */
async function textOf(work: ClusterWork, nowMs: number): Promise<string> {
  try {
    return statusText(await work.source.read(), nowMs)
  } catch (error) {
    if (error instanceof PushctlError) return error.message
    throw error
  }
}
