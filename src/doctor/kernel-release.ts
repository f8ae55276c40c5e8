/**
 * Kernel versions, only where no probe can tell: stable kernels carry later features, vendor
 * kernels earlier ones.
 */
import type { Facts } from './facts.ts'

/** null: the release is not known or not of the form major.minor. */
export function kernelIsAtLeast(facts: Facts, major: number, minor: number): boolean | null {
  const { kernelRelease } = facts.host
  const match = kernelRelease.known ? /^(\d+)\.(\d+)/.exec(kernelRelease.value) : null
  if (match === null) return null
  const [ownMajor, ownMinor] = [Number(match[1]), Number(match[2])]
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
