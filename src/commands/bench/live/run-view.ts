/**
 * How a running bench shows itself on stderr: live on a terminal, a line every five seconds in a
 * pipe, nothing with --quiet. Ink and React are loaded only for the first.
 */
import type { CommandContext } from '../../../config/command.ts'
import type { RunSteering } from '../../../loadgen/run-steering.ts'
import type { BenchSettings } from '../../../loadgen/workload.ts'
import { ProgressPrinter } from '../../../report/progress-line.ts'
import type { Threshold } from '../../../report/thresholds.ts'
import type { RunProgress } from '../../../stats/run-progress.ts'
import type { StageReport } from '../../../stats/run-report.ts'
import { type RecordedCourse, stageNote } from '../run-stages.ts'

export interface RunView {
  /** Through which people steer; undefined: nobody can. */
  readonly steering: RunSteering | undefined
  /** The course of a run that may be steered. */
  courseFor(planned: RecordedCourse | null, slos: readonly Threshold[]): RecordedCourse | null
  /** From here on the view has the terminal, and only note() may be used to say something. */
  open(): void
  update(progress: RunProgress): void
  stageEnded(stage: StageReport): void
  note(line: string): void
  /** Gives the terminal back, without what was drawn on it. */
  close(): void
}

/** What the run is, as far as its view has to know. */
export interface ViewedRun {
  readonly settings: BenchSettings
  readonly isSearch: boolean
}

export async function openRunView(
  context: CommandContext<unknown>,
  run: ViewedRun,
): Promise<RunView> {
  if (!isLive(context)) return lineView(context)
  // React looks at this as it is loaded; its other half costs a sixth more.
  process.env['NODE_ENV'] ??= 'production'
  const { LiveView } = await import('./live-view.ts')
  return new LiveView(context, run)
}

type Terminal = Pick<CommandContext<unknown>, 'terminal' | 'env' | 'quiet' | 'stderr'>

/** Less has no room for the figures of a run. */
const COLUMNS_MIN = 60
const ROWS_MIN = 12

/**
 * Whether the terminal can be drawn on, and has room. A CI shows what scrolls by, and only that.
 */
export function isLive({ terminal, env, quiet, stderr }: Terminal): boolean {
  const { rows = ROWS_MIN } = stderr as { rows?: number }
  return !quiet && canDraw({ terminal, env }) && terminal.columns >= COLUMNS_MIN && rows >= ROWS_MIN
}

function lineView(context: CommandContext<unknown>): RunView {
  const { terminal, quiet, stderr, note } = context
  const stream = {
    write: (text: string) => stderr.write(text),
    isTTY: canDraw(context),
    columns: terminal.columns,
  }
  const printer = new ProgressPrinter(stream, { quiet })
  const say = (line: string): void => {
    printer.stop()
    note(line)
  }
  return {
    steering: undefined,
    courseFor: (planned) => planned,
    open: () => {},
    update: (progress) => printer.update(progress),
    stageEnded: (stage) => say(stageNote(stage)),
    note: say,
    close: () => printer.stop(),
  }
}

function canDraw({ terminal, env }: Pick<Terminal, 'terminal' | 'env'>): boolean {
  const { stderrIsTty, color } = terminal
  return stderrIsTty && color && env['TERM'] !== 'dumb' && !env['CI']
}
