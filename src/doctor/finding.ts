/**
 * What a check says. A finding carries its own evidence and its own remedy, so that the text, the
 * JSON and the files of advice are all drawn from the same value. `unknown` is a status of its own
 * and ranks above info: it is never ok.
 */
import type { Unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { Setting } from './setting.ts'
import type { Role, Target } from './target.ts'

export const STATUSES = ['critical', 'warn', 'unknown', 'info', 'ok'] as const
export type Status = (typeof STATUSES)[number]

export const FAMILIES = [
  'tw',
  'listen',
  'ports',
  'files',
  'memory',
  'tcp',
  'nic',
  'conntrack',
  'cgroup',
  'cpu',
  'process',
  'time',
] as const
export type Family = (typeof FAMILIES)[number]

/** Where the thing lives: a container can see or set only what is `netns` or `process`. */
export type Scope = 'netns' | 'host' | 'process'

/** Names as in docs/cli.md: scripts read them. */
export interface Finding {
  /** Check id, for example listen/somaxconn. */
  readonly id: string
  /** Listener, interface or process the finding is about, where a check gives several. */
  readonly subject: string | null
  readonly title: string
  readonly status: Status
  readonly observed: string
  /** What this target needs, with the formula's numbers put in; empty where nothing is needed. */
  readonly needed: string
  readonly why: string
  readonly fix_now: string
  readonly fix_for_good: string
  /** One line each: where it was read, the value, how it moved. */
  readonly evidence: readonly string[]
  /** Where the rule comes from: kernel file and function, documentation, RFC. */
  readonly source: string
  readonly scope: Scope
  /** What src/doctor/advice turns into files; not for reading. */
  readonly settings: readonly Setting[]
}

export interface Check {
  /** family/name as in the catalogue (docs/doctor.md). */
  readonly id: `${Family}/${string}`
  readonly title: string
  readonly family: Family
  /** Roles the check says something about; for others it is not run. `both` runs all. */
  readonly roles: readonly Exclude<Role, 'both'>[]
  readonly scope: Scope
  /** Two sentences that every finding of the check carries. */
  readonly why: string
  /** Teaching text of --explain: how it works, what to do, what not to do. Plain paragraphs. */
  readonly explain: string
  /** Kernel file, documentation or RFC the rule rests on. */
  readonly source: string
  /** Pure: the same facts and target give the same findings. */
  evaluate(facts: Facts, target: Target): Finding | readonly Finding[]
}

export interface Judgement {
  readonly status: Status
  readonly observed: string
  readonly needed?: string
  readonly evidence?: readonly string[]
  readonly subject?: string
  /** Replaces the check's `why` where this case has a reason of its own. */
  readonly why?: string
  readonly settings?: readonly Setting[]
  /** Given only where the settings do not already say it. */
  readonly fixNow?: string
  readonly fixForGood?: string
}

/** The parts of a check that its findings repeat. */
export type CheckIdentity = Pick<Check, 'id' | 'title' | 'why' | 'source' | 'scope'>

export function findingOf(check: CheckIdentity, judgement: Judgement): Finding {
  const settings = judgement.settings ?? []
  return {
    id: check.id,
    subject: judgement.subject ?? null,
    title: check.title,
    status: judgement.status,
    observed: judgement.observed,
    needed: judgement.needed ?? '',
    why: judgement.why ?? check.why,
    fix_now: judgement.fixNow ?? settings.map(commandNow).join('\n'),
    fix_for_good: judgement.fixForGood ?? settings.map(lineForGood).join('\n'),
    evidence: judgement.evidence ?? [],
    source: check.source,
    scope: check.scope,
    settings,
  }
}

/** For a check that lacks a fact: says which, and why it could not be had. */
export function unknownFinding(check: CheckIdentity, fact: Unknown, subject?: string): Finding {
  return findingOf(check, {
    status: 'unknown',
    observed: `unknown: ${fact.reason}`,
    evidence: [`${fact.source}: ${fact.reason}`],
    ...(subject === undefined ? {} : { subject }),
  })
}

function commandNow(setting: Setting): string {
  switch (setting.kind) {
    case 'sysctl':
      return `sysctl -w ${setting.key}=${quoteBlanks(setting.value)}`
    case 'limit':
      return `prlimit --${setting.name}=${setting.value}:${setting.value} --pid PID`
    case 'sysfs':
      return `echo ${setting.value} > ${setting.path}`
    case 'command':
      return setting.command
  }
}

function lineForGood(setting: Setting): string {
  switch (setting.kind) {
    case 'sysctl':
      return `/etc/sysctl.d/90-pushctl.conf: ${setting.key} = ${setting.value}`
    case 'limit':
      return (
        `${setting.unit ?? 'UNIT'}.d/90-pushctl.conf: ` +
        `Limit${setting.name.toUpperCase()}=${setting.value}`
      )
    case 'sysfs':
      return `a boot script: echo ${setting.value} > ${setting.path}`
    case 'command':
      return `a boot script: ${setting.command}`
  }
}

function quoteBlanks(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value
}
