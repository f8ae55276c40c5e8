/**
 * Starts the process in which doctor looks at the hosts of a run, and asks it. Never fails a run.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../config/package-root.ts'
import type { HostWatch } from '../../loadgen/run-hooks.ts'
import { doctorTargets } from './doctor-targets.ts'
import { LOOK_MS_MAX } from './host-looks.ts'
import type { WatchDown, WatchUp } from './host-watch-messages.ts'

/** A look has a limit of its own; beyond it something is wrong with the process. */
const ANSWER_MS_MAX = LOOK_MS_MAX + 5_000

/**
 * @param targetHosts as ssh names them
 * @param isHere the generator's host is this one, and looked at too
 */
export function watchHosts(
  targetHosts: readonly string[],
  isHere = true,
): HostWatch & { stop(): void } {
  let child: ChildProcess | null = null
  const kill = (): void => void child?.kill('SIGKILL')
  return {
    async start(plan) {
      child = fork(join(packageRoot(), 'dist', 'host-watch.js'), [], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        execArgv: [],
        // Ctrl-C is for bench, which asks for a last look.
        detached: true,
      })
      process.once('exit', kill)
      const targets = doctorTargets(plan)
      await ask(child, { kind: 'start', targets, isHere, targetHosts }, 'started')
    },
    async finish() {
      const answer = child === null ? null : await ask(child, { kind: 'finish' }, 'reports')
      return answer?.kind === 'reports' ? answer.reports : []
    },
    stop() {
      process.off('exit', kill)
      kill()
    },
  }
}

/** null where the process ended or said nothing in time. */
function ask(
  child: ChildProcess,
  message: WatchDown,
  answer: WatchUp['kind'],
): Promise<WatchUp | null> {
  return new Promise((resolve) => {
    const settle = (heard: WatchUp | null): void => {
      clearTimeout(limit)
      child.off('message', hear)
      child.off('exit', end)
      child.off('error', end)
      resolve(heard)
    }
    const hear = (heard: unknown): void => {
      if ((heard as WatchUp).kind === answer) settle(heard as WatchUp)
    }
    const end = (): void => settle(null)
    const limit = setTimeout(end, ANSWER_MS_MAX)
    child.on('message', hear)
    child.on('exit', end)
    child.on('error', end)
    if (child.connected) child.send(message, (error) => error && end())
    else end()
  })
}
