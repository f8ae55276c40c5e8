/**
 * The live view of a running bench: redrawn when there is news, once a second, and after each key,
 * four times a second at most. It lives in the thread of the coordinator, which touches no message.
 */
import type { ReadStream, WriteStream } from 'node:tty'
import type { CommandContext } from '../../../config/command.ts'
import { onlyStepOf } from '../../../loadgen/run-course.ts'
import { plannedMsOf } from '../../../loadgen/run-header.ts'
import { RunSteering } from '../../../loadgen/run-steering.ts'
import type { BenchSettings } from '../../../loadgen/workload.ts'
import { type BenchPanel, benchPanel } from '../../../report/live/bench-panel.ts'
import { type OpenScreen, openLineScreen } from '../../../report/live/line-screen.tsx'
import { RunHistory } from '../../../report/live/run-history.ts'
import type { Threshold } from '../../../report/thresholds.ts'
import type { RunProgress } from '../../../stats/run-progress.ts'
import type { StageReport } from '../../../stats/run-report.ts'
import type { RecordedCourse } from '../run-stages.ts'
import { keysOf, NO_RIGHTS, pressKey, rightsFor, type SteeringRights } from './bench-keys.ts'
import type { RunView, ViewedRun } from './run-view.ts'
import { SteeredCourse } from './steered-course.ts'
import { timeLeftMs } from './time-left.ts'

const ROWS_WHERE_UNKNOWN = 24
const STARTING: RunProgress = {
  phase: 'start',
  elapsedMs: 0,
  totalMs: null,
  connections: 0,
  connectionsTarget: 0,
  sentPerSecond: 0,
  receivedPerSecond: 0,
  p50: null,
  p99: null,
}

export class LiveView implements RunView {
  readonly steering: RunSteering | undefined
  readonly #context: CommandContext<unknown>
  readonly #run: ViewedRun
  readonly #rights: SteeringRights
  readonly #history = new RunHistory()
  readonly #stages: StageReport[] = []
  readonly #notes: string[] = []
  readonly #draw = (): void => this.#redraw()
  #course: SteeredCourse | null = null
  #screen: OpenScreen | null = null
  #progress: RunProgress | null = null

  constructor(context: CommandContext<unknown>, run: ViewedRun) {
    this.#context = context
    this.#run = run
    // A search chooses its loads itself, and what was found by a part of it is no answer.
    this.steering = run.isSearch ? undefined : new RunSteering()
    this.#rights = this.steering === undefined ? NO_RIGHTS : rightsFor(run.settings)
  }

  courseFor(planned: RecordedCourse | null, slos: readonly Threshold[]): RecordedCourse | null {
    if (this.steering === undefined || !this.#rights.stages) return planned
    const steps = planned?.steps ?? [onlyStepOf(this.#run.settings)]
    const onStage = (stage: StageReport): void => this.stageEnded(stage)
    this.#course = new SteeredCourse(steps, this.steering, slos, onStage)
    return this.#course
  }

  open(): void {
    const { stdin, stderr, terminal } = this.#context
    const stream = stderr as WriteStream
    this.#screen = openLineScreen(
      { stdin: stdin as ReadStream, stdout: stream, stderr: stream },
      {
        color: terminal.color,
        listens: terminal.stdinIsTty,
        onQuit: (key) => this.#press(key),
        onKey: (key) => this.#press(key),
      },
    )
    stream.on('resize', this.#draw)
    this.#context.signal.addEventListener('abort', this.#draw)
    this.#redraw()
  }

  update(progress: RunProgress): void {
    this.#progress = progress
    this.#history.add(progress)
    this.#redraw()
  }

  stageEnded(stage: StageReport): void {
    this.#stages.push(stage)
  }

  note(line: string): void {
    this.#notes.push(line)
    this.#redraw()
  }

  close(): void {
    this.steering?.close()
    const screen = this.#screen
    if (screen === null) return
    this.#screen = null
    this.#context.stderr.off('resize', this.#draw)
    this.#context.signal.removeEventListener('abort', this.#draw)
    screen.erase()
    for (const line of this.#notes.splice(0)) this.#context.note(line)
  }

  #press(key: string): void {
    const isAsked = key !== 'ctrl-c' && (key !== 'q' || this.steering !== undefined)
    const isDone =
      isAsked &&
      (this.steering === undefined || pressKey(key, this.steering, this.#rights, this.#progress))
    // In raw mode a terminal makes no signal of it; whoever listens for signals decides.
    if (!isDone) process.kill(process.pid, 'SIGINT')
    this.#redraw()
  }

  #redraw(): void {
    const { stderr, terminal } = this.#context
    const { columns = terminal.columns, rows = ROWS_WHERE_UNKNOWN } = stderr as WriteStream
    this.#screen?.draw(benchPanel(this.#panel(), { columns, rows }))
  }

  #panel(): BenchPanel {
    const { settings, isSearch } = this.#run
    const progress = this.#progress ?? STARTING
    const { steering } = this
    const later = this.#course?.later ?? []
    const step = steering?.current ?? this.#course?.first ?? onlyStepOf(settings)
    const laterMs = plannedMsOf(settings, [step, ...later]) - plannedMsOf(settings, [step])
    return {
      title: titleOf(settings),
      progress,
      history: this.#history,
      stages: this.#stages,
      notes: this.#notes,
      stagesInAll: isSearch ? null : (progress.standing?.step ?? 1) + later.length,
      leftMs: isSearch ? null : timeLeftMs(progress, step, laterMs),
      wantedPerSecond: steering?.wantedPerSecond ?? null,
      isStopping: steering?.isStopped === true || this.#context.signal.aborted,
      keys: this.#context.terminal.stdinIsTty ? keysOf(steering, this.#rights) : [],
    }
  }
}

function titleOf({ mode, targets }: BenchSettings): string {
  const [first, ...others] = targets
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  const what = first === undefined ? 'a node of its own' : `${first.url}${more}`
  return `pushctl bench: ${mode} against ${what}`
}
