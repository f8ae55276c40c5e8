/**
 * Everything doctor knows of one host, read once by facts-reader and never again: checks are pure
 * functions of this.
 *
 *   facts ─┬─ before, after   counters and queues, windowMs apart (facts-sample.ts)
 *          ├─ host            what does not move: kernel, memory, namespaces, clocksource, slabs
 *          ├─ network         interfaces, IRQs, routes (facts-network.ts)
 *          ├─ sockets         what needs a walk over sockets, done at most once
 *          ├─ processes       those asked for by --pid and --port
 *          └─ sysctls, sysctlFiles, kernelLog
 *
 * A captured root holds one moment, or two. With one, `sampling` is "single" and `before` is the
 * same object as `after`.
 */
import type { Fact } from './fact.ts'
import type { NetworkFacts } from './facts-network.ts'
import type { ProcessFacts } from './facts-process.ts'
import type { Sample } from './facts-sample.ts'
import type { KernelLogLine } from './parsers/kernel-log.ts'
import type { SlabTable } from './parsers/slabinfo.ts'
import type { SocketRow } from './parsers/ss-sockets.ts'
import type { SysctlAssignment } from './parsers/sysctl-conf.ts'
import type { TimeWaitCensus } from './parsers/time-wait-census.ts'

export interface Facts {
  readonly origin: FactsOrigin
  readonly sampling: 'window' | 'single'
  /** Milliseconds between the samples; 0 when single. */
  readonly windowMs: number
  readonly before: Sample
  readonly after: Sample
  readonly host: HostFacts
  readonly network: NetworkFacts
  readonly sockets: SocketFacts
  readonly processes: readonly ProcessFacts[]
  /**
   * By dotted key. Ask through `sysctlText` and its sisters in sysctl-facts.ts, which know why a
   * key is missing.
   */
  readonly sysctls: Readonly<Record<string, Fact<string>>>
  /** In the order in which systemd-sysctl applies them. */
  readonly sysctlFiles: Fact<readonly SysctlFile[]>
  readonly kernelLog: Fact<readonly KernelLogLine[]>
}

export interface FactsOrigin {
  readonly kind: 'live' | 'root' | 'ssh'
  /** Host name as asked for, or the captured folder; "this host" when live. */
  readonly name: string
}

export interface HostFacts {
  /** "6.18.44". For wording only: decide by probing, because stable kernels backport. */
  readonly kernelRelease: Fact<string>
  readonly hostname: Fact<string>
  readonly bootId: Fact<string>
  readonly onlineCpus: Fact<readonly number[]>
  /** CPUs this process may use. */
  readonly allowedCpus: Fact<readonly number[]>
  readonly namespaces: NamespaceFacts
  readonly slabs: Fact<SlabTable>
  readonly thpEnabled: Fact<string>
  readonly thpDefrag: Fact<string>
  readonly clocksource: Fact<string>
  readonly clocksourcesAvailable: Fact<readonly string[]>
  /** By CPU number; empty in most virtual machines. */
  readonly cpuGovernors: Fact<Readonly<Record<number, string>>>
  readonly cpuScalingDriver: Fact<string>
  readonly cpuidleDriver: Fact<string>
  readonly cpuTopology: CpuTopologyFacts
  readonly numaNodes: Fact<readonly number[]>
  /** CPUs by NUMA node. */
  readonly cpusByNode: Fact<Readonly<Record<number, readonly number[]>>>
  /** true: the clock is disciplined. */
  readonly clockSynchronised: Fact<boolean>
  /** Seconds the clock is off, where chronyc says so. */
  readonly clockOffsetSeconds: Fact<number>
  /** Name of the active tuned profile; it rewrites sysctls at boot. */
  readonly tunedProfile: Fact<string>
  /** Commands that run now and would fight with a static setting: irqbalance, tuned, bpftune. */
  readonly daemons: Fact<readonly string[]>
  /** ksoftirqd threads: CPU number → ticks are in the samples. */
  readonly virtualisation: Fact<string>
}

export interface CpuTopologyFacts {
  /** Siblings of one core counted once. */
  readonly physicalCoreCount: Fact<number>
  /** CPUs that the boot command line keeps free of work (isolcpus). */
  readonly isolatedCpus: Fact<readonly number[]>
  /** Microseconds to leave the deepest idle state that is allowed. */
  readonly idleExitUsMax: Fact<number>
}

export interface NamespaceFacts {
  /**
   * Whether this is the host's own network namespace; settings of the host cannot be seen from a
   * child.
   */
  readonly network: Fact<'host' | 'child'>
  /** readlink of /proc/self/ns/net. */
  readonly networkInode: Fact<string>
  readonly pid: Fact<'host' | 'child'>
}

export interface SocketFacts {
  readonly timeWait: Fact<TimeWaitCensus>
  /**
   * At most ESTABLISHED_SAMPLE_MAX established sockets with timers, memory and round trip (`ss
   * -tnoim`).
   */
  readonly establishedSample: Fact<readonly SocketRow[]>
}

export interface SysctlFile {
  readonly path: string
  readonly assignments: readonly SysctlAssignment[]
}
