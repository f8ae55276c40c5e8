/** What is asked about a process once; what moves is in Sample.processes under the same pid. */
import type { Fact } from './fact.ts'
import type { CgroupPaths } from './parsers/cgroup-paths.ts'
import type { ProcessLimits } from './parsers/process-limits.ts'
import type { ProcessStatus } from './parsers/process-status.ts'

export interface ProcessFacts {
  readonly pid: number
  readonly name: string
  /** Why it is looked at: --pid, --port 8080. */
  readonly chosenBy: string
  readonly limits: Fact<ProcessLimits>
  readonly status: Fact<ProcessStatus>
  readonly oomScoreAdj: Fact<number>
  readonly commandLine: Fact<string>
  readonly cgroupPaths: Fact<CgroupPaths>
  readonly cgroup: CgroupFacts
  readonly unit: Fact<UnitFacts>
}

/** Limits of the control group; Infinity for "max" and for version 1's huge number. */
export interface CgroupFacts {
  readonly version: Fact<1 | 2>
  readonly memoryMaxBytes: Fact<number>
  readonly memoryHighBytes: Fact<number>
  /** CPUs' worth of time per period: quota/period. */
  readonly cpuQuota: Fact<number>
  readonly cpuPeriodUs: Fact<number>
  readonly pidsMax: Fact<number>
  readonly pidsCurrent: Fact<number>
}

/** What systemd has been told; differs from the limits in force until the service restarts. */
export interface UnitFacts {
  readonly name: string
  readonly limitNofile: number | null
  readonly memoryMaxBytes: number | null
}
