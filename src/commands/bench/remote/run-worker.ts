/**
 * `pushctl bench worker`: a bench that a head on another host drives over standard input and
 * output. It is a whole run with a report of its own; only what to drive, and when to begin, comes
 * from the head. It ends when the head does.
 */
import type { CommandContext } from '../../../config/command.ts'
import { packageVersion } from '../../../config/package-root.ts'
import { EXIT } from '../../../errors/exit-codes.ts'
import { ConfigFaults, PushctlError } from '../../../errors/pushctl-error.ts'
import { runBench } from '../../../loadgen/coordinator.ts'
import { portRange } from '../../../loadgen/plan/host-limits.ts'
import { prepareBench } from '../../../loadgen/bench-setup.ts'
import { CONTROL_VERSION, type SetupMessage } from '../../../loadgen/remote/control-messages.ts'
import { foundIn, HeadCourse } from '../../../loadgen/remote/head-course.ts'
import { HeadLink } from '../../../loadgen/remote/head-link.ts'
import { HeadRecord, HeadWatch } from '../../../loadgen/remote/head-watch.ts'
import { hostIdentity, readPortRange } from '../../../loadgen/remote/host-identity.ts'
import type { RunPlan } from '../../../loadgen/plan/run-plan.ts'
import type { TargetAddress } from '../../../loadgen/target/target-address.ts'
import { nowUs } from '../../../stats/clock.ts'
import type { RunProgress } from '../../../stats/run-progress.ts'
import type { RunReport } from '../../../stats/run-report.ts'
import { BENCH_OPTIONS } from '../../bench-options.ts'
import { type BenchOptions, benchFaults, settingsFrom } from '../../bench-settings.ts'
import { withDispatch } from '../cluster-settings.ts'
import { watchHosts } from '../host-watch.ts'
import { optionsFromWords } from './option-transfer.ts'

/** Connections are given back in order, unless that takes longer. */
const LEAVE_MS_MAX = 5_000
const TEXT_MAX = 1_000

export async function runWorker(context: CommandContext<BenchOptions>): Promise<number> {
  const head = new HeadLink(context.stdin, context.stdout)
  const interrupt = (): void => head.interrupt()
  context.signal.addEventListener('abort', interrupt, { once: true })
  head.send({
    type: 'hello',
    protocol: CONTROL_VERSION,
    pushctl: packageVersion(),
    ...hostIdentity(),
    addresses: [...hostIdentity().addresses],
    ports: [...portRange(readPortRange())],
  })
  const setup = await head.setup()
  if (setup === null) return EXIT.OK
  const ran = runPart(head, setup).catch((error: unknown) => tellFailure(head, error))
  // Without a head nobody reads what is found.
  await Promise.race([ran, head.ended.then(() => pause(LEAVE_MS_MAX))])
  await head.ended
  context.signal.removeEventListener('abort', interrupt)
  return EXIT.OK
}

async function runPart(head: HeadLink, setup: SetupMessage): Promise<void> {
  const options = optionsFromWords(BENCH_OPTIONS, setup.options) as unknown as BenchOptions
  const faults = benchFaults(options, setup.targets)
  if (faults.length > 0) throw new ConfigFaults(faults)
  const secret = setup.deviceSecret === null ? undefined : Buffer.from(setup.deviceSecret, 'base64')
  const plain = settingsFrom(options, setup.targets, setup.adminToken, secret)
  // What happens to a cluster is the head's to do.
  const { settings: asked } = await withDispatch(plain, options)
  const { part, ports, authorities } = setup
  const settings = {
    ...asked,
    targets: asked.targets.map((target) => trusting(target, authorities)),
    part: { ...part, ports },
  }
  if (setup.isPlanOnly) {
    tellPlan(head, (await prepareBench(settings)).plan)
    return
  }
  const hosts = options.doctor === 'on' ? watchHosts([]) : null
  const watch = new HeadWatch(head)
  const [wallMs, clockUs] = [Date.now(), nowUs()]
  const startedUsOf = ({ started_at }: RunReport): number =>
    clockUs + (Date.parse(started_at) - wallMs) * 1000
  try {
    const report = await runBench(settings, {
      signal: head.signal,
      gate: head,
      course: new HeadCourse(head, setup, startedUsOf),
      steering: head.steering,
      onProgress(progress) {
        tellProgress(head, progress)
        watch.tell()
      },
      onPlan: (plan) => tellPlan(head, plan),
      target: watch,
      record: setup.isRecorded ? new HeadRecord(head) : undefined,
      ...(hosts === null ? {} : { hosts }),
    })
    head.send({ type: 'result', ...foundIn(head, report, startedUsOf(report)) })
  } finally {
    hosts?.stop()
  }
}

function trusting(target: TargetAddress, ca: string | null): TargetAddress {
  const { tls } = target
  return tls === undefined || ca === null ? target : { ...target, tls: { ...tls, ca } }
}

function tellPlan(head: HeadLink, plan: RunPlan): void {
  const warnings = plan.warnings.map(clipped)
  head.send({ type: 'planned', warnings, plan: JSON.stringify(plan) })
}

function tellProgress(head: HeadLink, progress: RunProgress): void {
  const { standing, ...rest } = progress
  if (standing === undefined) {
    head.send({ type: 'progress', ...rest })
    return
  }
  const { verdict } = standing
  const reasons = verdict.reasons.map(clipped)
  head.send({
    type: 'progress',
    ...rest,
    standing: { ...standing, verdict: { ...verdict, reasons } },
  })
}

function tellFailure(head: HeadLink, error: unknown): void {
  if (head.isGone) return
  const known = error instanceof PushctlError ? error : null
  const faults = error instanceof ConfigFaults ? error.faults : []
  const tries = [known, ...faults]
    .flatMap((each) => each?.tries ?? [])
    .slice(0, 20)
    .map(clipped)
  // Several at once are one message here: all of them are in it.
  const all = faults.map((fault) => fault.message).join('; ')
  const message = all !== '' ? all : error instanceof Error ? error.message : String(error)
  const why = clipped(known?.why ?? '')
  head.send({ type: 'failed', code: known?.code ?? null, message: clipped(message), why, tries })
}

function clipped(text: string): string {
  return text.slice(0, TEXT_MAX)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
