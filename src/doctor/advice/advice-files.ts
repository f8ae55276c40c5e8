/**
 * The plan as files that an operator can read, keep in version control and take back: sysctl.d,
 * systemd drop-in, limits.d, a script that installs all of them, and one that undoes it. Each line
 * carries its reason and what was there before.
 */
import type { LimitSetting } from '../setting.ts'
import type { AdvicePlan, PlannedSysctl } from './advice-plan.ts'

export interface AdviceFile {
  /** Relative to the folder of --write. */
  readonly path: string
  readonly content: string
  readonly executable: boolean
}

export interface AdviceTitle {
  /** "server, 1,000,000 connections, 30,000 connects/s". */
  readonly target: string
  readonly host: string
}

export const SYSCTL_FILE = '/etc/sysctl.d/90-pushctl.conf'
export const LIMITS_FILE = '/etc/security/limits.d/90-pushctl.conf'

export function adviceFiles(plan: AdvicePlan, title: AdviceTitle): AdviceFile[] {
  const files: AdviceFile[] = []
  const add = (path: string, content: string, executable = false): void => {
    files.push({ path, content, executable })
  }
  if (plan.sysctls.length > 0) {
    add('sysctl.d/90-pushctl.conf', sysctlFile(plan.sysctls, title))
    add('sysctl.d/90-pushctl.undo.conf', sysctlUndoFile(plan.sysctls, title))
  }
  for (const limit of plan.limits) {
    if (limit.unit !== null) add(`systemd/${limit.unit}.d/90-pushctl.conf`, dropIn(limit))
  }
  const unbound = plan.limits.filter(({ unit }) => unit === null)
  if (unbound.length > 0) {
    add('systemd/UNIT.d/90-pushctl.conf', unbound.map(dropIn).join(''))
    add('limits.d/90-pushctl.conf', limitsFile(unbound))
  }
  if (files.length + plan.sysfs.length + plan.commands.length > 0) {
    add('apply.sh', applyScript(plan, title), true)
    add('undo.sh', undoScript(plan, title), true)
  }
  if (plan.forHost.length > 0) add('for-the-host.conf', forHostFile(plan))
  return files
}

export function sysctlFile(sysctls: readonly PlannedSysctl[], title: AdviceTitle): string {
  return [
    `# Computed by pushctl doctor for ${oneLine(title.host)}: ${oneLine(title.target)}.`,
    '# Applied at boot; now: sysctl -p on this file. Listeners and services must be restarted.',
    '',
    ...sysctls.flatMap((sysctl) => [
      ...reasonLines(sysctl),
      // The module may load after this file is applied: absence at boot is no error there.
      `${sysctl.key.startsWith('net.netfilter.') ? '-' : ''}${sysctl.key} = ${sysctl.wanted}`,
      '',
    ]),
  ].join('\n')
}

export function dropIn({ name, value, reason }: LimitSetting): string {
  return `[Service]\n# ${oneLine(reason)}\nLimit${name.toUpperCase()}=${value}\n`
}

export function limitsFile(limits: readonly LimitSetting[]): string {
  return [
    '# For logins by PAM only; a systemd service takes its limits from its unit.',
    ...limits.flatMap(({ name, value, reason }) => [
      `# ${oneLine(reason)}`,
      `* soft ${name} ${value}`,
      `* hard ${name} ${value}`,
      `root soft ${name} ${value}`,
      `root hard ${name} ${value}`,
    ]),
    '',
  ].join('\n')
}

function sysctlUndoFile(sysctls: readonly PlannedSysctl[], title: AdviceTitle): string {
  return [
    `# What ${oneLine(title.host)} had before 90-pushctl.conf. Use: sysctl -p on this file.`,
    ...[...sysctls].reverse().map(({ key, present }) => `${key} = ${oneLine(present)}`),
    '',
  ].join('\n')
}

function reasonLines({ checks, reasons, present }: PlannedSysctl): string[] {
  const asked = checks.length > 0 ? `${checks.join(', ')}: ` : ''
  return [`# ${asked}${oneLine(reasons.join('; '))}. Was ${oneLine(present) || 'empty'}.`]
}

function applyScript(plan: AdvicePlan, title: AdviceTitle): string {
  const lines = [
    ...scriptHead(`Applies the advice of pushctl doctor for ${title.target}. Undo: undo.sh`),
    'saved="$here/saved"',
    'mkdir -p "$saved"',
    '# The first run keeps what was there; later runs leave that alone.',
    'put() {',
    '  kept="$saved/$(echo "$1" | tr / _)"',
    '  [ -e "$kept" ] || cat "$1" > "$kept"',
    '  echo "$2" > "$1"',
    '}',
    '',
  ]
  if (plan.sysctls.length > 0) {
    lines.push(`cp "$here/sysctl.d/90-pushctl.conf" ${SYSCTL_FILE}`, `sysctl -p ${SYSCTL_FILE}`, '')
  }
  for (const { unit } of plan.limits) {
    if (unit === null) continue
    const folder = quoted(`/etc/systemd/system/${unit}.d`)
    lines.push(
      `mkdir -p ${folder}`,
      `cp "$here/systemd/"${quoted(unit)}.d/90-pushctl.conf ${folder}/`,
    )
    lines.push('systemctl daemon-reload', `echo "restart ${unit} for its new limits"`, '')
  }
  if (plan.limits.some(({ unit }) => unit === null)) {
    lines.push('# systemd/UNIT.d/90-pushctl.conf goes to the unit of your service, by hand.')
    lines.push(`cp "$here/limits.d/90-pushctl.conf" ${LIMITS_FILE}`, '')
  }
  for (const { path, value, reason } of plan.sysfs) {
    lines.push(`# ${oneLine(reason)}`, `put ${quoted(path)} ${quoted(value)}`)
  }
  for (const { command, reason } of plan.commands) lines.push(`# ${oneLine(reason)}`, command)
  return `${lines.join('\n')}\n`
}

function undoScript(plan: AdvicePlan, title: AdviceTitle): string {
  const lines = [...scriptHead(`Takes back what apply.sh did for ${title.target}.`)]
  for (const { undo } of [...plan.commands].reverse()) lines.push(undo)
  for (const { path } of [...plan.sysfs].reverse()) {
    const kept = `"$here/saved/$(echo ${quoted(path)} | tr / _)"`
    lines.push(`[ ! -e ${kept} ] || cat ${kept} > ${quoted(path)}`)
  }
  if (plan.sysctls.length > 0) {
    lines.push(`rm -f ${SYSCTL_FILE}`, 'sysctl -p "$here/sysctl.d/90-pushctl.undo.conf"')
  }
  for (const { unit } of plan.limits) {
    if (unit === null) lines.push(`rm -f ${LIMITS_FILE}`)
    else lines.push(`rm -f ${quoted(`/etc/systemd/system/${unit}.d/90-pushctl.conf`)}`)
  }
  if (plan.limits.some(({ unit }) => unit !== null)) lines.push('systemctl daemon-reload')
  return `${lines.join('\n')}\n`
}

function scriptHead(title: string): string[] {
  return ['#!/bin/sh', `# ${oneLine(title)}`, 'set -eu', 'here=$(cd "$(dirname "$0")" && pwd)', '']
}

function forHostFile(plan: AdvicePlan): string {
  return [
    '# Seen from a container: these belong to the host, and only its operator can set them.',
    ...plan.forHost.flatMap(({ key, value, reason }) => [
      `# ${oneLine(reason)}`,
      `${key} = ${value}`,
    ]),
    '',
  ].join('\n')
}

/** A value that was read from a captured host must not start a line of its own. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
