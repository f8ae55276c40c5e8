/**
 * `pushctl top` at work: looks at all nodes each interval until it is stopped. On a terminal that
 * is a live view; elsewhere, and with --json, lines.
 */
import type { ReadStream, WriteStream } from 'node:tty'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandContext } from '../../config/command.ts'
import { EXIT, exitCodeOfSignal, type StopSignal } from '../../errors/exit-codes.ts'
import { NodePoll } from './node-poll.ts'
import { type NodeLook, type NodeRow, rowOf } from './node-row.ts'
import { nextSortKey, type SortKey, sortRows, totalRow } from './row-order.ts'
import { topDocument, topLines } from './top-lines.ts'
import { topPanel } from './top-panel.ts'

export interface TopSettings {
  /** HTTP addresses of the nodes; asked for before each look, because a cluster grows. */
  findNodes(): Promise<readonly string[]>
  readonly adminToken: string | null
  readonly intervalMs: number
  /** One look, with rates over one interval, and out. */
  readonly once: boolean
  readonly sortKey: SortKey
}

const ROWS_WHERE_UNKNOWN = 24
const ANSWER_MS_MAX = 5_000

interface Output {
  show(time: string, rows: readonly NodeRow[]): Promise<void> | void
  close(): void
}

type Quit = StopSignal | 'q'

/** Resolves to the exit code: 4 where --once got an answer of no node. */
export async function watchNodes(
  context: CommandContext<unknown>,
  settings: TopSettings,
): Promise<number> {
  const { signal } = context
  const stop = new AbortController()
  let quit: Quit | null = null
  const end = (by: Quit): void => {
    quit ??= by
    stop.abort(by)
  }
  const onSignal = (): void => end(signal.reason as StopSignal)
  if (signal.aborted) onSignal()
  signal.addEventListener('abort', onSignal, { once: true })
  const output = await openOutput(context, settings, end)
  let code: number = EXIT.OK
  try {
    code = await lookOn(context, settings, output, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', onSignal)
    output.close()
  }
  return quit === null || quit === 'q' ? code : exitCodeOfSignal(quit)
}

async function lookOn(
  context: CommandContext<unknown>,
  settings: TopSettings,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { intervalMs, once } = settings
  let before: readonly NodeLook[] = await lookAtAll(settings, signal)
  // A terminal shows the figures at once; lines wait for the rates.
  if (!once) await output.show(clockText(context.now()), rowsOf(before, []))
  for (;;) {
    await sleep(intervalMs, undefined, { signal })
    const looks = await lookAtAll(settings, signal)
    const rows = rowsOf(looks, before)
    await output.show(clockText(context.now()), rows)
    if (once) return rows.some(({ failure }) => failure === '') ? EXIT.OK : EXIT.TARGET
    before = looks
  }
}

function rowsOf(looks: readonly NodeLook[], before: readonly NodeLook[]): NodeRow[] {
  return looks.map((look) => rowOf(look, before.find(({ url }) => url === look.url) ?? null))
}

async function lookAtAll(settings: TopSettings, signal: AbortSignal): Promise<NodeLook[]> {
  const { adminToken, intervalMs } = settings
  const answerMs = Math.min(ANSWER_MS_MAX, Math.max(1_000, intervalMs))
  return new NodePoll(await settings.findNodes(), adminToken, answerMs).look(signal)
}

async function openOutput(
  context: CommandContext<unknown>,
  settings: TopSettings,
  end: (by: Quit) => void,
): Promise<Output> {
  const { json, terminal, result } = context
  if (json || settings.once || !terminal.stdoutIsTty) {
    return {
      show: (time, rows) => {
        const sorted = sortRows(rows, settings.sortKey)
        const total = totalRow(rows)
        return result(topDocument(time, sorted, total), topLines(time, sorted, total))
      },
      close: () => {},
    }
  }
  const { openLineScreen } = await import('../../report/live/line-screen.tsx')
  const stdout = context.stdout as WriteStream
  let sortKey = settings.sortKey
  let last: { time: string; rows: readonly NodeRow[] } | null = null
  const screen = openLineScreen(
    { stdin: context.stdin as ReadStream, stdout, stderr: context.stderr as WriteStream },
    {
      color: terminal.color,
      listens: terminal.stdinIsTty,
      onQuit: (key) => end(key === 'q' ? 'q' : 'SIGINT'),
      onKey: (key) => {
        if (key !== 's') return
        sortKey = nextSortKey(sortKey)
        draw()
      },
    },
  )
  screen.draw([[{ text: 'asking the nodes …', tone: 'dim' }]])
  const draw = (): void => {
    if (last === null) return
    const size = {
      columns: stdout.columns ?? terminal.columns,
      rows: stdout.rows ?? ROWS_WHERE_UNKNOWN,
    }
    const { time, rows } = last
    screen.draw(topPanel(time, sortRows(rows, sortKey), totalRow(rows), sortKey, size))
  }
  // The drawing of a wider terminal would wrap.
  stdout.on('resize', draw)
  return {
    show: (time, rows) => {
      last = { time, rows }
      draw()
    },
    close: () => {
      stdout.off('resize', draw)
      screen.close()
    },
  }
}

/** "12:00:05", UTC. */
function clockText(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(11, 19)
}
