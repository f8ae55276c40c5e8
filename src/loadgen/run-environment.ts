/**
 * Where a run took place, so that two reports can be compared or refused to be. Nothing that names
 * a person or a host.
 */
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import { packageVersion } from '../config/package-root.ts'

export type RunEnvironment = Readonly<Record<string, string | number | boolean | null>>

export function describeEnvironment(extra: RunEnvironment): RunEnvironment {
  return {
    pushctl: packageVersion(),
    node: process.version,
    platform: platform(),
    arch: arch(),
    kernel: release(),
    cpu: cpus()[0]?.model ?? null,
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    ...extra,
  }
}
