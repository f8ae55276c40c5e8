/**
 * pushctl bench: drives a target, or a node of its own, and says what it saw. The order of exit
 * codes: an interruption (130), a target that was lost (4), a generator that was the bottleneck
 * (5), and only then a crossed threshold (99): a threshold judged on numbers that do not count
 * would be a lie.
 */
import { type CommandContext, defineCommand } from '../config/command.ts'
import { EXIT, exitCodeOfSignal } from '../errors/exit-codes.ts'
import type { ClusterScenario } from '../loadgen/cluster-scenario/cluster-scenario.ts'
import { PUBLISHING_BROKEN } from '../loadgen/run-findings.ts'
import type { RunSteering } from '../loadgen/run-steering.ts'
import type { RunReport, SearchReport, StageReport } from '../stats/run-report.ts'
import { courseFrom, withStages } from './bench/course-settings.ts'
import type { RecordedCourse } from './bench/run-stages.ts'
import { BENCH_OPTIONS } from './bench-options.ts'
import { isSelftest, runSelftestCommand, selftestFaults } from './bench-selftest.ts'
import { type BenchOptions, benchFaults, settingsFrom, totalRate } from './bench-settings.ts'
import { isWorker } from './bench/remote/hosts-faults.ts'
import type { HostsHooks } from './bench/remote/run-hosts.ts'
import { SELFTEST_OPTIONS } from './selftest-options.ts'

export const command = defineCommand({
  name: 'bench',
  summary: 'load a target, or a node of its own, and report latencies',
  description:
    'TARGET is tcp://host:port or ws://host:port/path; connections are divided over several.\n' +
    'Other servers: mqtt://, sse+http://, poll+http://, or ws:// with --target-protocol ws.\n' +
    'Without one, a push node is started on loopback in another process and driven over both.\n' +
    'With the word selftest, bench is held against a server whose response times are known.',
  arguments: [{ name: 'TARGET', help: 'what to drive', repeatable: true }],
  options: { ...BENCH_OPTIONS, ...SELFTEST_OPTIONS },
  profiles: 'load',
  examples: [
    { line: 'pushctl bench', help: 'a node of its own, 1,000 devices, a broadcast a second' },
    {
      line: 'pushctl bench -c 10k -d 1m --mode echo -R 5k tcp://10.0.0.7:7000',
      help: '10,000 devices send 5,000 messages a second in all',
    },
    { line: "pushctl bench --slo 'push_latency:p99<50ms'", help: 'exit 99 where p99 is higher' },
    { line: 'pushctl bench -c 1m --plan', help: 'what a million connections would take' },
  ],
  check: (options, positional) =>
    isSelftest(positional)
      ? selftestFaults(positional)
      : isWorker(positional)
        ? []
        : benchFaults(options, positional),
  async run(context) {
    if (isWorker(context.positional)) {
      const { runWorker } = await import('./bench/remote/run-worker.ts')
      return runWorker(context)
    }
    if (isSelftest(context.positional)) {
      return runSelftestCommand(context, settingsFrom(context.options, [], null))
    }
    const [{ readAdminToken }, { prepareBench }, { planText }, trust, cluster] = await Promise.all([
      import('../server/auth/admin-token.ts'),
      import('../loadgen/bench-setup.ts'),
      import('./bench-plan.ts'),
      import('./bench/tls-trust.ts'),
      import('./bench/cluster-settings.ts'),
    ])
    const { options, env, note, result } = context
    const admin = await readAdminToken({
      file: options.adminTokenFile,
      environment: env['PUSHCTL_ADMIN_TOKEN'],
    })
    if (admin?.warning) note(admin.warning)
    const secret = await readDeviceSecret(options.authSecretFile, note)
    const token = admin?.token ?? null
    const asked = settingsFrom(withStages(options), context.positional, token, secret)
    const trusted = await trust.withTrust(asked, options.caFile, note)
    const { settings, nodes } = await cluster.withDispatch(trusted, options)
    if (options.plan && options.hosts.length > 0) {
      const { hostsPlanText, planOnHosts } = await import('./bench/remote/hosts-plan.ts')
      const { positional, signal } = context
      const plan = await planOnHosts({ options, settings, positional, note }, signal)
      await result(plan, hostsPlanText(plan))
      return EXIT.OK
    }
    if (options.plan) {
      const { plan } = await prepareBench(settings)
      await result({ schema: 'pushctl.bench-plan/1', ...plan }, planText(plan))
      return EXIT.OK
    }
    // What the hosts of --on reach, this one need not.
    if (options.hosts.length === 0) await trust.probeTargets(settings)
    const scenario = cluster.scenarioOf({ settings, nodes }, options, note)
    const report = await measure(context, settings, scenario)
    return exitCodeOf(report, context.signal)
  },
})

async function readDeviceSecret(path: string | undefined, note: (line: string) => void) {
  if (path === undefined) return undefined
  const [{ readSecretFile }, { deviceSecretFrom }] = await Promise.all([
    import('../server/auth/secret-file.ts'),
    import('../loadgen/target/device-tokens.ts'),
  ])
  const { text, warning } = await readSecretFile('--auth-secret-file', path)
  if (warning) note(warning)
  return deviceSecretFrom(text, path)
}

async function driverOfHosts(
  { options, positional }: CommandContext<BenchOptions>,
  note: (line: string) => void,
) {
  const { runOnHosts } = await import('./bench/remote/run-hosts.ts')
  return (settings: ReturnType<typeof settingsFrom>, hooks: HostsHooks) =>
    runOnHosts({ options, settings, positional, note }, hooks)
}

async function measure(
  context: CommandContext<BenchOptions>,
  settings: ReturnType<typeof settingsFrom>,
  scenario: ClusterScenario | null,
): Promise<RunReport> {
  const [
    { runBench },
    { watchHosts },
    thresholds,
    { openRunView },
    { openRunOutput },
    { TargetInsight },
    { pushMetrics },
  ] = await Promise.all([
    import('../loadgen/coordinator.ts'),
    import('./bench/host-watch.ts'),
    import('../report/thresholds.ts'),
    import('./bench/live/run-view.ts'),
    import('./report-output.ts'),
    import('./bench/insight/target-watch.ts'),
    import('./bench/insight/push-metrics.ts'),
  ])
  const { options, note, signal } = context
  const output = options.out === undefined ? null : await openRunOutput(options.out)
  const [isHere, isSearch] = [options.hosts.length === 0, options.find !== undefined]
  const view = await openRunView(context, { settings, isSearch })
  const drive = isHere ? runBench : await driverOfHosts(context, (line) => view.note(line))
  const isWatched = options.doctor === 'on' && (isHere || options.targetHosts.length > 0)
  const hosts = isWatched ? watchHosts(options.targetHosts, isHere) : null
  try {
    const slos = thresholds.parseThresholds(options.slo)
    const rateAt = (connections: number): number => totalRate({ ...options, connections })
    const onStage = (stage: StageReport): void => view.stageEnded(stage)
    const planned = courseFrom(options, settings, rateAt, slos, onStage)
    const course = view.courseFor(planned, slos)
    const insight = new TargetInsight({ pid: options.targetPid, metrics: options.targetMetrics })
    // What hosts warn of comes later than their view.
    if (!isHere) view.open()
    const ran = await drive(settings, {
      signal,
      onProgress: (progress) => view.update(progress),
      onPlan: ({ warnings }) => {
        for (const warning of warnings) note(`warning: ${warning}`)
        view.open()
      },
      steering: view.steering,
      ...(hosts === null ? {} : { hosts }),
      record: output?.record,
      target: scenario?.watchedWith(insight) ?? insight,
      ...(course === null ? {} : { course }),
    })
    const measured = insight.joined(scenario?.joined(ran) ?? ran)
    const report = {
      ...measured,
      thresholds: thresholds.evaluateThresholds(slos, measured),
      ...foundBy(course, view.steering),
    }
    view.close()
    for (const line of (await output?.write(report)) ?? []) note(line)
    await show(context, report)
    const unpushed = options.pushMetrics && (await pushMetrics(options.pushMetrics, report))
    if (unpushed) note(`warning: ${unpushed}`)
    return report
  } finally {
    hosts?.stop()
    view.close()
  }
}

async function show({ terminal, result }: CommandContext<unknown>, report: RunReport) {
  const { textReport } = await import('../report/text-report.ts')
  const { columns: width, color, stdoutIsTty } = terminal
  const text = textReport(report, stdoutIsTty ? { width, color } : { width: 100, color: false })
  await result(report, text.trimEnd())
}

function foundBy(course: RecordedCourse | null, steering: RunSteering | undefined) {
  const { stages = [], search = null } = course ?? {}
  const { done = [] } = steering ?? {}
  return {
    ...(stages.length === 0 ? {} : { stages }),
    ...(search === null ? {} : { search }),
    ...(done.length === 0 ? {} : { steered: done }),
  }
}

function exitCodeOf(report: RunReport, signal: AbortSignal): number {
  if (report.interrupted) return exitCodeOfSignal(signal.reason)
  const { alive_at_end, failures } = report.connections
  if (alive_at_end === 0 || failures.some(({ cause }) => cause === PUBLISHING_BROKEN)) {
    return EXIT.TARGET
  }
  if (report.search !== undefined) return exitCodeOfSearch(report.search)
  const parts = [report, ...(report.stages ?? [])]
  if (parts.some(({ verdict }) => verdict.value === 'INVALID')) return EXIT.GENERATOR_SATURATED
  const isHeld = parts.every(({ thresholds }) => thresholds.every(({ held }) => held))
  return isHeld ? EXIT.OK : EXIT.THRESHOLD
}

/** A load that held is an answer, whatever did not hold more. */
function exitCodeOfSearch({ passed, limit, confirmed }: SearchReport): number {
  if (passed !== null && confirmed) return EXIT.OK
  return limit === 'generator' ? EXIT.GENERATOR_SATURATED : EXIT.THRESHOLD
}
