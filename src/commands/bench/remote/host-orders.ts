/**
 * From what was asked for to what each host is told: its share of settings and steps, what it may
 * know of secrets, and which of them broadcasts for all.
 */
import { randomInt } from 'node:crypto'
import { newRunId } from '../../../loadgen/bench-setup.ts'
import type { SetupMessage } from '../../../loadgen/remote/control-messages.ts'
import type { HostGroup } from '../../../loadgen/remote/host-group.ts'
import type { HostState } from '../../../loadgen/remote/host-state.ts'
import type { RunCourse, RunStep } from '../../../loadgen/run-course.ts'
import { onlyStepOf } from '../../../loadgen/run-course.ts'
import { type BenchSettings, pushKindsOf } from '../../../loadgen/workload.ts'
import { BENCH_OPTIONS } from '../../bench-options.ts'
import type { BenchOptions } from '../../bench-settings.ts'
import { withStages } from '../course-settings.ts'
import { divideOverHosts, divideStep } from './host-shares.ts'
import { wordsFromOptions } from './option-transfer.ts'

export interface HostsOrder {
  readonly options: BenchOptions
  /** Of the whole run. */
  readonly settings: BenchSettings
  readonly positional: readonly string[]
  note(line: string): void
}

export interface OrderedParts {
  /** null: one step is all. */
  readonly course: RunCourse | null
  readonly isPlanOnly: boolean
  readonly isRecorded: boolean
}

/** Who has a part in the run; the place of a host is that of its share. */
export type HostParts = readonly HostState[]

/** @throws PushctlError where an address of --source-ip is nobody's */
export function orderHosts(
  group: HostGroup,
  { options: asked, settings, positional }: HostsOrder,
  { course, isPlanOnly, isRecorded }: OrderedParts,
): HostParts {
  const options = withStages(asked)
  const seed = options.seed ?? randomInt(2 ** 32)
  const present = group.living.filter(({ hello }) => hello !== null)
  // One connection each at the least: what is more of hosts has nothing to do.
  const hosts = present.slice(0, options.connections)
  for (const { link } of present.slice(hosts.length)) {
    link.fail('there are fewer connections than hosts')
  }
  const greeted = hosts.map(({ hello }) => hello).filter((hello) => hello !== null)
  const shares = divideOverHosts(options, seed, greeted)
  const steps = course?.steps ?? [onlyStepOf(settings)]
  const stepShares = steps.map((step) => divideStep(step, settings.mode, hosts.length))
  const runId = newRunId()
  const isBroadcast = pushKindsOf(settings.mode).includes('broadcast')
  const { adminToken, deviceSecret } = settings
  const authorities = settings.targets.find(({ tls }) => tls?.ca !== undefined)?.tls?.ca ?? null
  for (const [index, share] of shares.entries()) {
    const setup: SetupMessage = {
      type: 'setup',
      part: { runId, deviceScope: `h${index}-`, sendsBroadcasts: isBroadcast && index === 0 },
      options: wordsFromOptions(BENCH_OPTIONS, { ...share.options, ...ONLY_OF_HEAD }),
      targets: [...positional],
      adminToken,
      deviceSecret: deviceSecret ? Buffer.from(deviceSecret).toString('base64') : null,
      authorities,
      ports: share.ports === null ? null : [...share.ports],
      isPlanOnly,
      isRecorded,
      steps: stepShares.map((ofHosts) => ofHosts[index]),
      isLast: course?.isLast ?? course === null,
    }
    group.begin(hosts[index], setup, stepShares[0][index].connections)
  }
  return hosts
}

/** A step to all that wait for one; null: there is none. The share of who was lost stays undone. */
export function orderStep(
  group: HostGroup,
  parts: HostParts,
  step: RunStep | null,
  { mode }: BenchSettings,
  isLast: boolean,
): void {
  const shares = step === null ? null : divideStep(step, mode, parts.length)
  for (const [index, state] of parts.entries()) {
    const share = shares?.[index] ?? null
    if (share !== null) state.connections = share.connections
    if (state.lost === null && state.step !== null) group.orderStep(state, share, isLast)
  }
}

/** What a worker has no use for: it writes no files, and judges nothing of the whole. */
const ONLY_OF_HEAD = {
  hosts: [],
  remoteShell: undefined,
  plan: false,
  slo: [],
  stages: [],
  rateStages: [],
  find: undefined,
  targetHosts: [],
  targetPid: undefined,
  targetMetrics: undefined,
  out: undefined,
  adminTokenFile: undefined,
  authSecretFile: undefined,
  caFile: undefined,
  pushMetrics: undefined,
}
