/**
 * `pushctl doctor --watch`: judges this host again each interval until it is stopped. On a terminal
 * that is a live view; elsewhere, and with --json, one line an interval.
 */
import type { ReadStream, WriteStream } from 'node:tty'
import type { CommandContext } from '../../../config/command.ts'
import { grouped } from '../../../doctor/counter-moves.ts'
import type { Facts } from '../../../doctor/facts.ts'
import { LiveSource } from '../../../doctor/facts-reader/live-source.ts'
import { watchFacts } from '../../../doctor/facts-reader/watch-facts.ts'
import type { Finding } from '../../../doctor/finding.ts'
import { runChecks } from '../../../doctor/run-checks.ts'
import type { Target } from '../../../doctor/target.ts'
import { type MovingCounters, movingCounters } from '../../../doctor/watch/moving-counters.ts'
import { watchLine } from '../../../doctor/watch/watch-line.ts'
import { watchPanel } from '../../../doctor/watch/watch-panel.ts'
import { EXIT, exitCodeOfSignal, type StopSignal } from '../../../errors/exit-codes.ts'
import type { DoctorOptions } from '../target-of-options.ts'

type Context = CommandContext<DoctorOptions>

/** A view that moves every five seconds, the default window of a single look, looks stuck. */
const INTERVAL_MS = 1_000
const ROWS_WHERE_UNKNOWN = 24

interface Moment {
  readonly time: string
  readonly facts: Facts
  readonly counters: MovingCounters
  readonly findings: readonly Finding[]
}

interface Output {
  show(moment: Moment): Promise<void> | void
  close(): void
}

export async function watchHost(context: Context, target: Target): Promise<number> {
  const { options, signal, sources } = context
  const isChosen = sources.windowMs !== undefined && sources.windowMs.kind !== 'default'
  const windowMs = isChosen ? options.windowMs : INTERVAL_MS
  const stop = new AbortController()
  let quit: StopSignal | 'q' | null = null
  const end = (by: StopSignal | 'q'): void => {
    quit ??= by
    stop.abort(by)
  }
  const onSignal = (): void => end(signal.reason as StopSignal)
  if (signal.aborted) onSignal()
  signal.addEventListener('abort', onSignal, { once: true })
  const output = await openOutput(context, target, end)
  const request = { windowMs, pids: options.pids, ports: options.ports }
  try {
    for await (const facts of watchFacts(new LiveSource(stop.signal), request)) {
      if (stop.signal.aborted) break
      await output.show({
        time: clockText(context.now()),
        facts,
        counters: movingCounters(facts),
        findings: runChecks(facts, target),
      })
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', onSignal)
    output.close()
  }
  return quit === null || quit === 'q' ? EXIT.OK : exitCodeOfSignal(quit)
}

async function openOutput(
  context: Context,
  target: Target,
  end: (by: StopSignal | 'q') => void,
): Promise<Output> {
  const { json, terminal, result } = context
  if (json || !terminal.stdoutIsTty) {
    return {
      show: ({ time, counters, findings }) =>
        result(
          { schema: 'pushctl.doctor-watch/1', time, counters, findings: alarmsOf(findings) },
          watchLine(time, counters, findings),
        ),
      close: () => {},
    }
  }
  const { openLineScreen } = await import('../../../report/live/line-screen.tsx')
  const stdout = context.stdout as WriteStream
  const screen = openLineScreen(
    { stdin: context.stdin as ReadStream, stdout, stderr: context.stderr as WriteStream },
    {
      color: terminal.color,
      listens: terminal.stdinIsTty,
      onQuit: (key) => end(key === 'q' ? 'q' : 'SIGINT'),
    },
  )
  screen.draw([[{ text: 'reading the first sample …', tone: 'dim' }]])
  return {
    show: ({ time, facts, counters, findings }) => {
      const size = {
        columns: stdout.columns ?? terminal.columns,
        rows: stdout.rows ?? ROWS_WHERE_UNKNOWN,
      }
      screen.draw(watchPanel(headline(time, facts, target), counters, findings, size))
    },
    close: () => screen.close(),
  }
}

function headline(time: string, facts: Facts, { role, connections }: Target): string {
  const { hostname, kernelRelease } = facts.host
  const name = hostname.known ? hostname.value : 'this host'
  const kernel = kernelRelease.known ? ` (Linux ${kernelRelease.value})` : ''
  const every = (facts.windowMs / 1_000).toFixed(1)
  return `${time}  ${name}${kernel}, over ${every} s, as ${role} of ${grouped(connections)}; q ends`
}

function alarmsOf(findings: readonly Finding[]): object[] {
  return findings
    .filter(({ status }) => status === 'critical' || status === 'warn')
    .map(({ id, subject, status, observed }) => ({ id, subject, status, observed }))
}

/** "12:00:05", UTC. */
function clockText(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(11, 19)
}
