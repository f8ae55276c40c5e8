/**
 * What the head looks at while its hosts drive: the hosts and the process of the target, by the
 * counts that the hosts tell. Each is begun before the first connection, and ended once.
 */
import type { HostGroup } from '../../../loadgen/remote/host-group.ts'
import type { HostState } from '../../../loadgen/remote/host-state.ts'
import type { HostWatch, RunMoment, TargetWatch } from '../../../loadgen/run-hooks.ts'
import type { BenchSettings } from '../../../loadgen/workload.ts'
import { nowUs } from '../../../stats/clock.ts'
import type { RunPhase } from '../../../stats/run-progress.ts'
import type { HostFindingsReport } from '../../../stats/run-report.ts'
import { PHASES } from './hosts-progress.ts'
import { planFromText } from './plan-schema.ts'

export interface HostsWatches {
  readonly hosts?: HostWatch
  readonly target?: TargetWatch | undefined
}

export class HostsWatch {
  readonly #group: HostGroup
  readonly #watches: HostsWatches
  #ended: Promise<readonly HostFindingsReport[]> | null = null

  constructor(group: HostGroup, watches: HostsWatches) {
    this.#group = group
    this.#watches = watches
  }

  /** Resolves when both have seen what there is at rest. */
  async start(settings: BenchSettings): Promise<void> {
    const { hosts, target } = this.#watches
    const plan = planFromText(this.#group.living[0]?.planned?.plan ?? '')
    const { connections, connectsPerSecond, messagesPerSecond } = settings
    const looked =
      plan === null
        ? null
        : hosts?.start({
            ...plan,
            connections,
            schedule: { ...plan.schedule, connectsPerSecond, messagesPerSecond },
          })
    const rested = target?.start({
      ask: () => this.#group.ask(),
      moment: () => this.#moment(),
      generatorBytes: () => this.#sum('generatorBytes'),
      ownPid: () => null,
    })
    await Promise.all([looked, rested])
  }

  /** @returns findings of the target's hosts */
  end(): Promise<readonly HostFindingsReport[]> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<readonly HostFindingsReport[]> {
    await this.#watches.target?.stop()
    return (await this.#watches.hosts?.finish()) ?? []
  }

  #moment(): RunMoment {
    return {
      atMs: (nowUs() - this.#group.startedUs) / 1000,
      phase: this.#phase(),
      connections: this.#sum('connections'),
      attempted: this.#sum('attempted'),
      established: this.#sum('established'),
      failed: this.#sum('failed'),
      sent: this.#sum('sent'),
      received: this.#sum('received'),
    }
  }

  get #told(): NonNullable<HostState['moment']>[] {
    return this.#group.living.flatMap(({ moment }) => moment ?? [])
  }

  #sum(name: 'connections' | 'generatorBytes' | keyof RunMoment): number {
    return this.#told.reduce((sum, moment) => sum + Number(moment[name as 'connections']), 0)
  }

  #phase(): RunPhase {
    const places = this.#told.map(({ phase }) => PHASES.indexOf(phase))
    return PHASES[places.length === 0 ? 0 : Math.min(...places)]
  }
}
