/** --write, --apply and --rollback: from findings to files, to the running host, and back. */
import { once } from 'node:events'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { CommandContext } from '../../config/command.ts'
import { adviceFiles } from '../../doctor/advice/advice-files.ts'
import { type AdvicePlan, isEmptyPlan, planAdvice } from '../../doctor/advice/advice-plan.ts'
import { parseAlso } from '../../doctor/advice/also-settings.ts'
import { type ApplyReport, applyPlan } from '../../doctor/advice/apply-plan.ts'
import { hostFiles, replaceFile } from '../../doctor/advice/host-files.ts'
import { makeFolder } from '../../config/make-folder.ts'
import { rollBack } from '../../doctor/advice/roll-back.ts'
import type { HostIdentity } from '../../doctor/advice/saved-state.ts'
import type { Fact } from '../../doctor/fact.ts'
import type { Facts } from '../../doctor/facts.ts'
import { LiveSource } from '../../doctor/facts-reader/live-source.ts'
import type { Finding } from '../../doctor/finding.ts'
import type { Target } from '../../doctor/target.ts'
import { describeTarget } from '../../doctor/target-text.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { DoctorOptions } from './target-of-options.ts'

type Context = Pick<CommandContext<DoctorOptions>, 'options' | 'stdin' | 'stderr' | 'note'>

export function planFor(
  facts: Facts,
  findings: readonly Finding[],
  options: DoctorOptions,
): AdvicePlan {
  return planAdvice(facts, findings, options.also.map(parseAlso))
}

/** Before anything is read: nobody waits for a window to learn that it was in vain. */
export function requireRoot(flag: 'apply' | 'rollback'): void {
  const { uid, username } = userInfo()
  // -1: the platform has no such thing.
  if (uid <= 0) return
  throw new PushctlError('PUSHCTL_PRIVILEGE', `--${flag} must be run as root, got ${username}`, {
    why: 'settings of the kernel, and files of /etc, belong to root',
    tries: ['pushctl doctor --write DIR, for somebody who is root to apply'],
  })
}

/** Returns the paths written, relative to the folder. */
export async function writeAdvice(
  folder: string,
  plan: AdvicePlan,
  host: string,
  target: Target,
): Promise<string[]> {
  const files = adviceFiles(plan, { host, target: describeTarget(target) })
  try {
    await makeFolder(folder)
    for (const { path, content, executable } of files) {
      await replaceFile(join(folder, path), content, executable ? 0o755 : 0o644)
    }
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new PushctlError(
      'PUSHCTL_FILE_UNWRITABLE',
      `--write could not write ${folder}: ${code}`,
      {
        cause,
      },
    )
  }
  return files.map(({ path }) => path)
}

export async function applyAdvice(
  context: Context,
  plan: AdvicePlan,
  facts: Facts,
  target: Target,
): Promise<ApplyReport | null> {
  for (const { key, value } of plan.forHost) {
    context.note(`needs the host, not this container: ${key} = ${value}`)
  }
  for (const { what, reason } of plan.leftOut) context.note(`${what} ${reason}`)
  if (isEmptyPlan(plan)) {
    context.note('nothing to apply')
    return null
  }
  const lines = plan.sysctls.map(({ key, present, wanted }) => `  ${key}: ${present} → ${wanted}`)
  lines.push(...plan.sysfs.map(({ path, value }) => `  ${path} → ${value}`))
  lines.push(...plan.limits.map(({ name, value, unit }) => `  ${name} ${value} ${unit ?? ''}`))
  lines.push(...plan.commands.map(({ command }) => `  not run, do it yourself: ${command}`))
  if (!(await isConfirmed(context, `pushctl doctor will set:\n${lines.join('\n')}\n`))) return null
  const title = { host: 'this host', target: describeTarget(target) }
  const report = await applyPlan(hostFiles(), plan, title, identityOf(facts))
  if (report.refused !== null) throw refusal(report, report.refused)
  return report
}

export async function rollBackHost(): Promise<Awaited<ReturnType<typeof rollBack>>> {
  const source = new LiveSource()
  const [release, inode, boot] = await Promise.all([
    source.readText('/proc/sys/kernel/osrelease'),
    source.readLink('/proc/self/ns/net'),
    source.readText('/proc/sys/kernel/random/boot_id'),
  ])
  const identity = {
    kernelRelease: textOf(release),
    networkInode: textOf(inode),
    bootId: textOf(boot),
  }
  return rollBack(hostFiles(), identity)
}

function refusal(report: ApplyReport, refused: NonNullable<ApplyReport['refused']>): PushctlError {
  const state =
    report.notRestored.length === 0
      ? 'everything was put back'
      : `could not be put back: ${report.notRestored.join(', ')}`
  return new PushctlError('PUSHCTL_PRIVILEGE', `${refused.path}: ${refused.reason}`, {
    why: `--apply is all or nothing; ${state}`,
    tries: ['pushctl doctor --write DIR, to apply by hand what this host allows'],
  })
}

async function isConfirmed({ options, stdin, stderr }: Context, text: string): Promise<boolean> {
  if (options.yes) return true
  stderr.write(text)
  const prompt = createInterface({ input: stdin, output: stderr })
  try {
    // Input that ends without an answer is a no: question() alone would wait for ever.
    const ended = once(prompt, 'close').then(() => '')
    const answer = await Promise.race([prompt.question('Apply? [y/N] '), ended])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}

function identityOf(facts: Facts): HostIdentity {
  const { kernelRelease, namespaces, bootId } = facts.host
  return {
    kernelRelease: textOf(kernelRelease),
    networkInode: textOf(namespaces.networkInode),
    bootId: textOf(bootId),
  }
}

function textOf(fact: Fact<string>): string {
  return fact.known ? fact.value.trim() : ''
}
