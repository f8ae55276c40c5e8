/**
 * A profile as the verb it is for reads it, and the same faults: what is wrong with its lines, with
 * values, and with settings that do not go together. Faults of the last kind name flags only; here
 * they get the lines of the file that set them.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnyCommand } from '../../config/command.ts'
import { readConfigFile } from '../../config/config-file.ts'
import { fileRowsOf, GLOBAL_OPTIONS } from '../../config/global-options.ts'
import type { Layer } from '../../config/layers.ts'
import { nearestName } from '../../config/nearest.ts'
import { defineOptions, type OptionTable } from '../../config/option-table.ts'
import { packageRoot } from '../../config/package-root.ts'
import { isProfilePath, listProfiles } from '../../config/profile.ts'
import { resolveOptions } from '../../config/resolve.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { type ExplainedSetting, explainSettings } from './profile-explained.ts'

/** Verbs that have profiles, and their folders. */
export const PROFILE_FOLDERS = { bench: 'load', doctor: 'kernel' } as const
export type ProfiledVerb = keyof typeof PROFILE_FOLDERS

export interface ProfilePlace {
  readonly name: string
  readonly verb: ProfiledVerb
  readonly path: string
}

export interface CheckedProfile extends ProfilePlace {
  readonly description: string
  /** As typed in the file, by flag. */
  readonly settings: Readonly<Record<string, string>>
  /** The same with what each means; empty where there are faults. */
  readonly explained: readonly ExplainedSetting[]
  readonly faults: readonly PushctlError[]
}

/** A description is no setting, but it is read like one: it is a text, and given once. */
const DESCRIPTION = defineOptions({
  description: { flag: 'description', kind: 'string', help: 'what it is for, in one line' },
})

/** All that come with pushctl. */
export async function knownProfiles(): Promise<readonly ProfilePlace[]> {
  const places: ProfilePlace[] = []
  for (const [verb, folder] of Object.entries(PROFILE_FOLDERS)) {
    for (const name of await listProfiles(folder)) {
      const path = join(packageRoot(), 'profiles', folder, `${name}.yaml`)
      places.push({ name, verb: verb as ProfiledVerb, path })
    }
  }
  return places
}

/**
 * @param verb whom a file is for; a name says so itself
 * @throws PushctlError PUSHCTL_PROFILE where no profile has the name
 */
export async function findProfile(profile: string, verb: ProfiledVerb): Promise<ProfilePlace> {
  if (isProfilePath(profile)) return { name: profile, verb, path: profile }
  const places = await knownProfiles()
  const found = places.find(({ name }) => name === profile)
  if (found !== undefined) return found
  const names = places.map(({ name }) => name)
  const nearest = nearestName(profile, names)
  const got = JSON.stringify(profile.slice(0, 60))
  throw new PushctlError(
    'PUSHCTL_PROFILE',
    `NAME must be a file (with .yaml or a slash) or one of ${names.join(', ')}, got ${got}`,
    { tries: nearest === null ? [] : [`pushctl profile show ${nearest}`] },
  )
}

/** @throws PushctlError where the file cannot be read */
export async function readProfileText({ path }: ProfilePlace): Promise<string> {
  return readFile(path, 'utf8').catch((cause) => {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new PushctlError('PUSHCTL_FILE_UNREADABLE', `${path} cannot be read: ${reason}`, {
      cause,
    })
  })
}

export async function checkProfile(place: ProfilePlace): Promise<CheckedProfile> {
  const { verb, path } = place
  const command = await commandOf(verb)
  const table = tableOf(command)
  const verbs = Object.keys(PROFILE_FOLDERS)
  const { layer, faults } = await readConfigFile({ path, table, verb, verbs, kind: 'profile' })
  const resolved = resolveOptions(table, [layer], { verb, rest: [] })
  const all = [...faults, ...resolved.faults]
  // Rules between settings make sense only on settings that are right by themselves.
  if (all.length === 0) {
    const together = command.check?.(resolved.options as never, []) ?? []
    all.push(...together.map((fault) => withLines(fault, layer)))
  }
  const typed = [...layer].filter(([flag]) => flag !== 'description')
  return {
    ...place,
    description: String(layer.get('description')?.values[0] ?? ''),
    settings: Object.fromEntries(typed.map(([flag, { values }]) => [flag, values.join(', ')])),
    explained: all.length > 0 ? [] : explainSettings(table, resolved.options, layer),
    faults: all,
  }
}

async function commandOf(verb: ProfiledVerb): Promise<AnyCommand> {
  const { command } = verb === 'bench' ? await import('../bench.ts') : await import('../doctor.ts')
  return command as AnyCommand
}

/** A verb's row hides the global one of its flag. */
function tableOf({ options }: AnyCommand): OptionTable {
  const own = new Set(Object.values(options).map(({ flag }) => flag))
  const shared = Object.entries(GLOBAL_OPTIONS).filter(([, { flag }]) => !own.has(flag))
  return { ...fileRowsOf({ ...options, ...Object.fromEntries(shared) }), ...DESCRIPTION }
}

function withLines(fault: PushctlError, layer: Layer): PushctlError {
  const flags = [...fault.message.matchAll(/--([a-z][a-z-]*)/g)].map(([, flag]) => flag)
  const places = new Set(
    flags.map((flag) => layer.get(flag)?.source.text).filter((text) => text !== undefined),
  )
  if (places.size === 0) return fault
  const { code, message, why, tries } = fault
  const details = why === undefined ? { tries } : { why, tries }
  return new PushctlError(code, `${[...places].join(', ')}: ${message}`, details)
}
