/**
 * Named settings: `--profile quick` is profiles/<folder>/quick.yaml of the package, `--profile
 * ./my.yaml` any file. A profile has the keys of a config file plus `description`, and stands below
 * the config file and above the defaults.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PushctlError } from '../errors/pushctl-error.ts'
import { type ConfigFileLayer, type ConfigFileRequest, readConfigFile } from './config-file.ts'
import { nearestName } from './nearest.ts'
import { packageRoot } from './package-root.ts'

export type ProfileRequest = Omit<ConfigFileRequest, 'path' | 'kind' | 'ignoredKeys'> & {
  /** A name, or a path: whatever has a slash or ends in .yaml or .yml. */
  readonly profile: string
  readonly folder: 'load' | 'kernel'
}

export async function readProfile(request: ProfileRequest): Promise<ConfigFileLayer> {
  const { profile, folder, ...rest } = request
  const asFile = { ...rest, kind: 'profile' as const, ignoredKeys: ['description'] }
  if (isProfilePath(profile)) return readConfigFile({ ...asFile, path: profile })
  const names = await listProfiles(folder)
  if (!names.includes(profile)) return { layer: new Map(), faults: [unknown(profile, names)] }
  const file = join(packageRoot(), 'profiles', folder, `${profile}.yaml`)
  return readConfigFile({ ...asFile, path: file })
}

/** Names of the profiles that come with pushctl, sorted. */
export async function listProfiles(folder: 'load' | 'kernel'): Promise<readonly string[]> {
  const files = await readdir(join(packageRoot(), 'profiles', folder)).catch(() => [])
  const yamls = files.filter((file) => file.endsWith('.yaml'))
  return yamls.map((file) => file.slice(0, -'.yaml'.length)).sort()
}

/** Whether a text is the path of a profile, and not a name. */
export function isProfilePath(profile: string): boolean {
  return /[/\\]|\.ya?ml$/.test(profile)
}

function unknown(profile: string, names: readonly string[]): PushctlError {
  const nearest = nearestName(profile, names)
  const got = JSON.stringify(profile.slice(0, 60))
  return new PushctlError(
    'PUSHCTL_PROFILE',
    `--profile must be a file or one of ${names.join(', ')}, got ${got}`,
    { tries: nearest === null ? [] : [`--profile ${nearest}`] },
  )
}
