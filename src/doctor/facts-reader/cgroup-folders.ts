/**
 * Where the files of a process's control group are. A hybrid host has version 1 controllers below
 * /sys/fs/cgroup/<name> and a version 2 tree below /sys/fs/cgroup/unified that lacks them, so each
 * controller is looked for on its own.
 */
import { type Fact, known, unknown } from '../fact.ts'
import type { CgroupPaths } from '../parsers/cgroup-paths.ts'

export interface CgroupFolders {
  readonly memory: Fact<string>
  readonly cpu: Fact<string>
  readonly pids: Fact<string>
  /** Version that carries the memory controller. */
  readonly memoryVersion: 1 | 2
  readonly cpuVersion: 1 | 2
}

const ROOT = '/sys/fs/cgroup'

export function cgroupFolders(paths: Fact<CgroupPaths>): CgroupFolders {
  const folderOf = (controller: string): Fact<string> => {
    if (!paths.known) return paths
    const { unified, byController } = paths.value
    const legacy = byController[controller]
    if (legacy !== undefined) return known(`${ROOT}/${controller}${slashed(legacy)}`, paths.source)
    if (unified !== null) return known(`${ROOT}${slashed(unified)}`, paths.source)
    return unknown(`names no ${controller} controller`, paths.source)
  }
  const versionOf = (controller: string): 1 | 2 =>
    paths.known && paths.value.byController[controller] !== undefined ? 1 : 2
  return {
    memory: folderOf('memory'),
    cpu: folderOf('cpu'),
    pids: folderOf('pids'),
    memoryVersion: versionOf('memory'),
    cpuVersion: versionOf('cpu'),
  }
}

function slashed(path: string): string {
  return path === '/' ? '' : path
}
