/**
 * Applies a plan, all or nothing: saves what is there, writes, reads back. If the kernel refuses
 * one value, everything that was written is put back and the refusal is the result. Rounding up (to
 * a power of two) is no refusal, but is told.
 */
import { sysctlPath } from '../parsers/sysctl-conf.ts'
import {
  type AdviceTitle,
  dropIn,
  LIMITS_FILE,
  limitsFile,
  SYSCTL_FILE,
  sysctlFile,
} from './advice-files.ts'
import { type AdvicePlan, isAtLeast, sameValue } from './advice-plan.ts'
import { type HostFiles, isKernelFile } from './host-files.ts'
import {
  type HostIdentity,
  mergeSaved,
  readState,
  type SavedFile,
  STATE_FILE,
  writeState,
} from './saved-state.ts'

export interface ApplyReport {
  readonly applied: readonly AppliedWrite[]
  /** The write that failed; then `applied` is empty and `restored` names what was put back. */
  readonly refused: { readonly path: string; readonly reason: string } | null
  readonly restored: readonly string[]
  /** Could not be put back; the saved state is kept for a rollback. */
  readonly notRestored: readonly string[]
}

export interface AppliedWrite {
  readonly path: string
  readonly wanted: string
  /** What the kernel made of it. */
  readonly readBack: string
  readonly rounded: boolean
}

interface Step {
  readonly path: string
  readonly content: string
  readonly roundingAllowed: boolean
}

export async function applyPlan(
  files: HostFiles,
  plan: AdvicePlan,
  title: AdviceTitle,
  host: HostIdentity,
): Promise<ApplyReport> {
  const steps = stepsOf(plan, title)
  const earlier = await readState(files)
  const before = new Map<string, string | null>()
  for (const { path } of steps) before.set(path, await files.read(path))
  const intended = steps.map(({ path, content }) => savedFile(path, before, content))
  // Saved before the first write: a crash in between leaves a file to roll back from.
  await writeState(files, { host, files: mergeSaved(earlier?.files ?? [], intended) })
  const applied: AppliedWrite[] = []
  for (const step of steps) {
    const outcome = await writeStep(files, step, before.get(step.path) ?? null)
    if ('reason' in outcome) {
      const touched = [...applied.map(({ path }) => path), ...(outcome.touched ? [step.path] : [])]
      const { restored, notRestored } = await restore(files, touched, before)
      if (notRestored.length === 0) {
        if (earlier === null) await files.remove(STATE_FILE)
        else await writeState(files, earlier)
      }
      const refused = { path: step.path, reason: outcome.reason }
      return { applied: [], refused, restored, notRestored }
    }
    applied.push(outcome)
  }
  const written = applied.map(({ path, readBack }) => savedFile(path, before, readBack))
  await writeState(files, { host, files: mergeSaved(earlier?.files ?? [], written) })
  return { applied, refused: null, restored: [], notRestored: [] }
}

function savedFile(
  path: string,
  before: ReadonlyMap<string, string | null>,
  after: string,
): SavedFile {
  return { path, before: before.get(path) ?? null, after }
}

/** Values first: a file for the next boot is worth writing only once the kernel has taken them. */
function stepsOf(plan: AdvicePlan, title: AdviceTitle): Step[] {
  const steps: Step[] = plan.sysctls.map(({ key, wanted, mode }) => ({
    path: sysctlPath(key),
    content: `${wanted}\n`,
    roundingAllowed: mode === 'raise',
  }))
  for (const { path, value } of plan.sysfs) {
    steps.push({ path, content: `${value}\n`, roundingAllowed: true })
  }
  const keep = (path: string, content: string): void => {
    steps.push({ path, content, roundingAllowed: false })
  }
  if (plan.sysctls.length > 0) keep(SYSCTL_FILE, sysctlFile(plan.sysctls, title))
  const unbound = plan.limits.filter(({ unit }) => unit === null)
  for (const limit of plan.limits) {
    if (limit.unit === null || !/^[\w@.\\:-]+$/.test(limit.unit)) continue
    keep(`/etc/systemd/system/${limit.unit}.d/90-pushctl.conf`, dropIn(limit))
  }
  if (unbound.length > 0) keep(LIMITS_FILE, limitsFile(unbound))
  return steps
}

type Outcome = AppliedWrite | { readonly reason: string; readonly touched: boolean }

async function writeStep(files: HostFiles, step: Step, before: string | null): Promise<Outcome> {
  const { path, content } = step
  if (isKernelFile(path) && before === null) {
    return { reason: 'this kernel has no such file', touched: false }
  }
  try {
    await files.write(path, content)
  } catch (error) {
    return { reason: refusalText(error), touched: false }
  }
  const readBack = (await files.read(path)) ?? ''
  const isSame = isKernelFile(path) ? sameMask(readBack, content) : readBack === content
  if (isSame) return { path, wanted: content, readBack, rounded: false }
  if (step.roundingAllowed && isAtLeast(readBack, content)) {
    return { path, wanted: content, readBack, rounded: true }
  }
  return {
    reason: `the kernel took the write of "${content.trim()}" but kept "${readBack.trim()}"`,
    touched: true,
  }
}

/** "3" and "00000003" are the same mask. */
function sameMask(a: string, b: string): boolean {
  const bare = (text: string): string => text.trim().replace(/^[0,]+(?=[0-9a-f])/i, '')
  return sameValue(a, b) || bare(a) === bare(b)
}

async function restore(
  files: HostFiles,
  paths: readonly string[],
  before: ReadonlyMap<string, string | null>,
): Promise<Pick<ApplyReport, 'restored' | 'notRestored'>> {
  const restored: string[] = []
  const notRestored: string[] = []
  for (const path of [...paths].reverse()) {
    const content = before.get(path) ?? null
    try {
      if (content === null) await files.remove(path)
      else await files.write(path, content)
      restored.push(path)
    } catch {
      notRestored.push(path)
    }
  }
  return { restored, notRestored }
}

function refusalText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EINVAL') return 'the kernel refused the value (EINVAL)'
  if (code === 'EACCES' || code === 'EPERM') return `permission denied (${code}); root is needed`
  if (code === 'EROFS') return 'is read-only here (EROFS); a container may not set it'
  return code === undefined ? message : `could not be written (${code})`
}
