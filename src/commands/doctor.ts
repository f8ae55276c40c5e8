/**
 * pushctl doctor: reads this host, a captured one or others over ssh, judges it by the target, and
 * writes, applies or takes back what mends it. Nothing is changed without --write, --apply or
 * --capture.
 */
import { type CommandContext, defineCommand } from '../config/command.ts'
import type { RollBackReport } from '../doctor/advice/roll-back.ts'
import { isSshHost } from '../config/ssh-host.ts'
import type { Target } from '../doctor/target.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { ExaminedHost } from './doctor/doctor-document.ts'
import type { DoctorOptions } from './doctor/target-of-options.ts'
import { DOCTOR_OPTIONS } from './doctor-options.ts'

export const command = defineCommand({
  name: 'doctor',
  summary: 'say what is wrong with a host for a target, and exactly what to set',
  description:
    'Judges what moved between two samples. A check that lacks a fact says unknown, never ok.',
  arguments: [],
  options: DOCTOR_OPTIONS,
  profiles: 'kernel',
  examples: [
    { line: 'pushctl doctor -c 1m --connect-rate 30k', help: 'this host as a push server' },
    { line: 'pushctl doctor --role loadgen -c 200k --json', help: 'as a generator, for programs' },
    { line: 'pushctl doctor --profile push-server --write advice', help: 'files that mend it' },
    { line: 'pushctl doctor --host ops@push-1,ops@push-2', help: 'two hosts in one table' },
  ],
  check: faultsOf,
  async run(context) {
    const { options, result, note, quiet } = context
    if (options.explainCheck !== undefined || options.list) return teach(context)
    const { requireRoot, rollBackHost, planFor, writeAdvice, applyAdvice } = await import(
      './doctor/advise.ts'
    )
    if (options.apply || options.rollback) requireRoot(options.apply ? 'apply' : 'rollback')
    if (options.rollback) {
      const report = await rollBackHost()
      await result({ schema: 'pushctl.doctor-rollback/1', ...report }, rollBackText(report))
      return report.drifted.length + report.refused.length > 0 ? EXIT.HOST_LIMIT : EXIT.OK
    }
    const { targetOf } = await import('./doctor/target-of-options.ts')
    const { readHosts } = await import('./doctor/read-hosts.ts')
    const { runChecks } = await import('../doctor/run-checks.ts')
    const target = targetOf(options)
    if (options.watch) {
      const { watchHost } = await import('./doctor/live/watch-host.ts')
      return watchHost(context, target)
    }
    if (!quiet && options.root === undefined) {
      note(`two samples, ${options.windowMs / 1_000} s apart`)
    }
    const hosts: ExaminedHost[] = (await readHosts(options, context.signal)).map((host) => ({
      ...host,
      findings: host.facts === null ? [] : runChecks(host.facts, target),
    }))
    const { doctorDocument } = await import('./doctor/doctor-document.ts')
    await result(doctorDocument(hosts, target), await textOf(hosts, target, context))
    const [first] = hosts
    if (first?.facts && hosts.length === 1) {
      const plan = planFor(first.facts, first.findings, options)
      if (options.write !== undefined) {
        const written = await writeAdvice(options.write, plan, first.name, target)
        note(written.length === 0 ? 'nothing to write' : `wrote ${written.join(', ')}`)
      }
      if (options.apply) {
        const report = await applyAdvice(context, plan, first.facts, target)
        for (const { path, readBack, rounded } of report?.applied ?? []) {
          note(`${path}${rounded ? ` (the kernel rounded it to ${readBack.trim()})` : ''}`)
        }
      }
    }
    return exitCodeOf(hosts, options)
  },
})

type Context = CommandContext<DoctorOptions>

async function teach({ options, terminal, result }: Context): Promise<number> {
  const { CHECKS } = await import('../doctor/check-table.ts')
  const { explainText, listText } = await import('../doctor/findings-text.ts')
  const document = (check: (typeof CHECKS)[number]) => {
    const { id, title, family, roles, scope, why, explain, source } = check
    return { id, title, family, roles, scope, why, explain, source }
  }
  if (options.list) {
    const checks = CHECKS.map(document)
    await result({ schema: 'pushctl.doctor-checks/1', checks }, listText(CHECKS))
    return EXIT.OK
  }
  const check = CHECKS.find(({ id }) => id === options.explainCheck)
  if (check === undefined) throw await unknownCheck(options.explainCheck ?? '')
  const text = explainText(check, Math.min(100, terminal.columns))
  await result({ schema: 'pushctl.doctor-check/1', ...document(check) }, text)
  return EXIT.OK
}

async function unknownCheck(id: string): Promise<PushctlError> {
  const { CHECKS } = await import('../doctor/check-table.ts')
  const { nearestName } = await import('../config/nearest.ts')
  const ids = CHECKS.map((check) => check.id)
  const nearest = nearestName(id, ids) ?? ids.find((known) => known.endsWith(`/${id}`)) ?? null
  const tries = nearest === null ? [] : [`pushctl doctor --explain ${nearest}`]
  return new PushctlError(
    'PUSHCTL_CONFIG',
    `--explain must name a check, got "${id.slice(0, 60)}"`,
    { why: 'pushctl doctor --list names them all', tries },
  )
}

async function textOf(
  hosts: readonly ExaminedHost[],
  target: Target,
  { options: { all }, terminal }: Context,
): Promise<string> {
  const { findingsText } = await import('../doctor/findings-text.ts')
  const options = {
    color: terminal.color && terminal.stdoutIsTty,
    columns: Math.max(60, Math.min(120, terminal.columns)),
    all,
  }
  const { machineText } = await import('./doctor/describe-machine.ts')
  const texts = hosts.flatMap(({ facts, findings, machine }) =>
    facts === null
      ? []
      : [
          findingsText(findings, facts, target, {
            ...options,
            machine: machine === null ? null : machineText(machine),
          }),
        ],
  )
  if (hosts.length === 1 && texts[0] !== undefined) return texts[0].trimEnd()
  const { hostsTable } = await import('../doctor/hosts-text.ts')
  return [hostsTable(hosts), ...texts.map((text) => text.trimEnd())].join('\n\n')
}

function rollBackText(report: RollBackReport): string {
  return [
    ...report.restored.map((path) => `restored ${path}`),
    ...report.drifted.map(
      ({ path, now }) => `left alone, changed since: ${path} is now ${now?.trim() ?? 'gone'}`,
    ),
    ...report.refused.map(({ path, reason }) => `refused: ${path}: ${reason}`),
  ].join('\n')
}

function exitCodeOf(hosts: readonly ExaminedHost[], { failOn }: DoctorOptions): number {
  if (hosts.some(({ facts }) => facts === null)) return EXIT.TARGET
  const statuses = hosts.flatMap(({ findings }) => findings.map(({ status }) => status))
  if (failOn === undefined) return EXIT.OK
  const isBad = statuses.includes('critical') || (failOn === 'warn' && statuses.includes('warn'))
  return isBad ? EXIT.THRESHOLD : EXIT.OK
}

function faultsOf(options: DoctorOptions): PushctlError[] {
  const faults: PushctlError[] = []
  const fault = (message: string, ...tries: string[]): void => {
    faults.push(new PushctlError('PUSHCTL_CONFIG', message, { tries }))
  }
  const { hosts, root, apply, rollback, write, capture } = options
  if (hosts.length > 0 && root !== undefined) fault('--host and --root name different hosts')
  if (apply && (hosts.length > 0 || root !== undefined)) {
    fault('--apply changes this host only', 'pushctl doctor --host HOST --write DIR')
  }
  if (apply && rollback) fault('--apply and --rollback contradict each other')
  if (options.watch) {
    const others = { root, capture, write, apply: apply || undefined, host: hosts[0] }
    for (const [flag, value] of Object.entries(others)) {
      if (value !== undefined) fault(`--watch looks at this host only and cannot go with --${flag}`)
    }
  }
  if (hosts.length > 1 && write !== undefined) fault('--write needs one host')
  if (hosts.length > 0 && capture !== undefined) fault('--capture is for this host or --root')
  if (hosts.length > 0 && options.metrics.length > 0) {
    fault('--metrics is fetched from here, so it cannot go with --host')
  }
  for (const url of options.metrics) {
    if (!/^https?:/.test(url)) fault(`--metrics must be an http or https URL, got "${url}"`)
  }
  for (const host of hosts) {
    if (!isSshHost(host)) fault(`--host must be user@host, got "${host}"`)
  }
  for (const text of options.also) {
    if (!/^(net|fs|vm|kernel)\.[\w.-]+\s*=\s*[\w ,.-]+$/.test(text)) {
      fault(`--also must be KEY=VALUE, got "${text.slice(0, 60)}"`)
    }
  }
  return faults
}
