/**
 * What one bench run found, as one plain value: `report.json` is this, serialised; text, HTML and
 * JUnit are drawn from it. Written by loadgen, read by report; neither imports the other. Names and
 * units are held to by scripts (docs/cli.md#report-json): all times are microseconds unless the
 * name says otherwise.
 */
import type { GeneratorReport } from './generator-report.ts'
import type { ClusterReport } from './cluster-report.ts'
import type { EstimateReport, TargetSourceReport } from './target-report.ts'

export type Verdict = 'VALID' | 'SUSPECT' | 'INVALID'

export interface VerdictReport {
  readonly value: Verdict
  /** Each says what was seen and what to change; empty when VALID. */
  readonly reasons: readonly string[]
}

export const METRIC_NAMES = [
  'connect_time',
  'upgrade_time',
  'handshake_time',
  'push_latency',
  'echo_latency',
  'broadcast_first',
  'broadcast_all',
  'heartbeat_rtt',
  'reconnect_time',
  'unavailability',
] as const
export type MetricName = (typeof METRIC_NAMES)[number]

/** One distribution in µs. `hdr` is the lossless histogram: HdrHistogram V2, compressed, base64. */
export interface DistributionReport {
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p75: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly p99_9: number
  readonly p99_99: number
  readonly max: number
  readonly hdr: string
}

/**
 * `response` counts from the intended time, `service` from the write; the gap between them is the
 * generator's lateness.
 */
export interface MetricReport {
  readonly unit: 'us'
  readonly response: DistributionReport
  readonly service: DistributionReport
}

export interface FailureReport {
  /** Where a connection failed: connect, upgrade, hello, idle, publish. */
  readonly phase: string
  /** ECONNREFUSED, close 4100, timeout … */
  readonly cause: string
  /** Address that was connected from; missing where the kernel chose it. */
  readonly source?: string
  readonly count: number
  /** Milliseconds from the start of the run. */
  readonly first_ms: number
  readonly sample: string
}

export interface GcPauseReport {
  /** minor, major, incremental, weakcb, or what the runtime of the target calls it. */
  readonly kind: string
  readonly pauses: DistributionReport
  /**
   * true: count and total come from counters, and where several pauses fell between two readings
   * each stands for their mean.
   */
  readonly counted?: boolean
  /** The longest of them in order of time; missing where the runtime does not say when. */
  readonly longest?: readonly TimedPause[]
}

export interface TimedPause {
  /** When it began, in milliseconds from the start of the run. */
  readonly at_ms: number
  readonly us: number
  /** It began somewhere in so many milliseconds from `at_ms` on; missing: at `at_ms`. */
  readonly within_ms?: number
}

export interface GcSideReport {
  /** false: nothing could be read from this side, so zeros would be a lie. */
  readonly known: boolean
  readonly kinds: readonly GcPauseReport[]
  readonly loop_lag: DistributionReport | null
  /**
   * The part of it without connecting and ending: of a generator in the measured time, of a target
   * in the warm-up too. Missing: not known.
   */
  readonly loop_lag_steady?: DistributionReport
}

export interface HostCounters {
  readonly time_wait: number | null
  readonly retransmits: number | null
  readonly listen_overflows: number | null
  readonly softnet_drops: number | null
  /** Whole host, 0..100. null on the `before` sample, which has no interval. */
  readonly cpu_percent: number | null
  readonly [counter: string]: number | null
}

/** What doctor says of one host around and during a run. */
export interface HostFindingsReport {
  /** "this host", or as --target-host named it. */
  readonly host: string
  readonly role: 'loadgen' | 'server' | 'both'
  /** Why nothing could be read; then all below is empty. */
  readonly failure: string | null
  /** Between the first and the last sample; counters are judged by what moved in it. */
  readonly window_ms: number
  /** How often doctor looked. */
  readonly readings: number
  /** The moving counters of doctor --watch; `peaks` is the highest of all readings. */
  readonly before: HostGauges
  readonly peaks: HostGauges
  readonly after: HostGauges
  /** Worst first, without those that are ok. */
  readonly findings: readonly HostFindingReport[]
}

/** null: could not be read. */
export type HostGauges = Readonly<Record<string, number | null>>

export interface HostFindingReport {
  readonly id: string
  readonly subject: string | null
  readonly title: string
  readonly status: 'critical' | 'warn' | 'unknown' | 'info'
  readonly observed: string
  readonly needed: string
  readonly why: string
  readonly fix_now: string
  readonly fix_for_good: string
}

export interface ThresholdReport {
  readonly expression: string
  readonly observed: number | null
  readonly limit: number
  readonly held: boolean
}

/**
 * A moment of the run, for the picture over time: a second, or in long runs as many as keep the
 * report small.
 */
export interface IntervalReport {
  /** Its end, from the start of the run. */
  readonly at_ms: number
  /** How long it was; missing: a second. */
  readonly span_ms?: number
  readonly connections: number
  readonly sent: number
  readonly received: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Response times in coarse buckets, see coarse-buckets.ts; missing: none came. */
  readonly latency?: string
  /** What happened on the generator's host meanwhile; null: could not be read. */
  readonly host?: HostMoment
}

/** `time_wait` as it stood at the end, CPU as a mean; all others counted in the interval. */
export interface HostMoment {
  readonly time_wait: number | null
  readonly retransmits: number | null
  readonly listen_overflows: number | null
  readonly softnet_drops: number | null
  readonly cpu_percent: number | null
}

export interface ReplacementReport {
  readonly planned: number
  /** Ended by us, and opened anew. */
  readonly done: number
  /** Of those, more than the late threshold after the intended time. */
  readonly late: number
  /** Not done because the connection was not up. */
  readonly away: number
  /** Not done because the generator fell behind. */
  readonly undone: number
}

/** Connections and memory (bytes) of a process at one moment of the ramp. */
export type MemoryPoint = readonly [connections: number, bytes: number]

/** One step of a run whose load changed while its connections stayed. */
export interface StageReport {
  /** When its measured time began, from the start of the run. */
  readonly at_ms: number
  readonly duration_ms: number
  /** What it was to be: connections held, and messages (or broadcasts) per second in total. */
  readonly connections_wanted: number
  readonly rate_wanted: number
  /** For so long the target took no pushes that were due; missing: it always did. */
  readonly blocked_ms?: number
  readonly verdict: VerdictReport
  /** Counted from the begin of the step, with its ramp. */
  readonly connections: RunReport['connections']
  readonly messages: RunReport['messages']
  readonly metrics: RunReport['metrics']
  readonly thresholds: readonly ThresholdReport[]
  /** Of a search: every threshold held; one did not; or the generator was the limit. */
  readonly outcome?: 'passed' | 'failed' | 'generator'
}

/** A key pressed in the live view, and what it did to the run. */
export interface SteeringReport {
  /** From the start of the run. */
  readonly at_ms: number
  /**
   * The end of the step was held, or released; a step with another rate began; one was added at the
   * end; or the run was ended.
   */
  readonly what: 'hold' | 'release' | 'rate' | 'stage' | 'stop'
  /** The rate of the step that began, in total. */
  readonly rate_wanted?: number
  /** Which of several merged reports it is from; missing: there is one. */
  readonly of?: string
}

/** What --find found. */
export interface SearchReport {
  readonly of: 'connections' | 'rate'
  /** The last load that held every threshold; null: none did. */
  readonly passed: number | null
  /** The lowest that did not; null: all did, up to the bound of the search. */
  readonly failed: number | null
  readonly limit: 'target' | 'generator' | 'bound'
  /** Whether `passed` held again for the whole of --duration. */
  readonly confirmed: boolean
}

/** Clients of one kind that behaved badly on purpose, beside the connections of the run. */
export interface BadClientReport {
  readonly kind: 'slow-reader' | 'never-reader' | 'dropper' | 'half-open'
  readonly wanted: number
  /** Connections that stood; a client that comes back counts again. */
  readonly connected: number
  /** Connects that did not succeed. */
  readonly failed: number
  /** Ends that the target made. */
  readonly cut: number
  readonly alive_at_end: number
  readonly received: number
  /** Droppers: how often one vanished, and was welcomed again. */
  readonly dropped?: number
  readonly came_back?: number
  /** The ends of `cut` by what the target said or did, most frequent first. */
  readonly ends: readonly BadClientEndReport[]
}

export interface BadClientEndReport {
  /** "bye 4102 too-slow", ECONNRESET, peer-end … as this side saw it. */
  readonly cause: string
  readonly count: number
  /** From the connection to its end. */
  readonly after_ms: EndTimesReport
}

/** In milliseconds. */
export interface EndTimesReport {
  readonly min: number
  readonly p50: number
  readonly max: number
  /** All of them: HdrHistogram V2 of milliseconds, compressed, base64. */
  readonly hdr: string
}

export interface BadClientsReport {
  /** Pushes to them in the measured time, beside those of `messages`. */
  readonly pushed: number
  readonly kinds: readonly BadClientReport[]
  /**
   * Connections of all that the node ended while they were there, by its name for why (too-slow,
   * handshake-timeout …); missing: it did not say.
   */
  readonly ended_by_node?: Readonly<Record<string, number>>
}

export interface RunReport {
  readonly schema: 'pushctl.bench/1'
  readonly started_at: string
  readonly duration_ms: number
  readonly interrupted: boolean
  /** true: the run was killed, and this is what it had written by then. */
  readonly partial?: boolean
  readonly mode: string
  readonly targets: readonly string[]
  readonly engine: string
  readonly verdict: VerdictReport
  readonly connections: {
    readonly requested: number
    readonly attempted: number
    readonly established: number
    readonly failed: number
    readonly alive_at_end: number
    readonly connects_per_second: number
    /** Mode churn: connections that were to be ended and opened anew in the measured time. */
    readonly replaced?: ReplacementReport
    readonly failures: readonly FailureReport[]
  }
  readonly messages: {
    /** Sends that the schedule asked for. */
    readonly planned: number
    readonly sent: number
    /** Sent, but more than the late threshold after the intended time. */
    readonly late: number
    /** Planned, never sent. */
    readonly unsent: number
    /** Deliveries that should have come: sent × receivers. */
    readonly expected: number
    readonly received: number
    readonly lost: number
    readonly duplicated: number
    readonly reordered: number
    readonly sent_per_second: number
    readonly received_per_second: number
  }
  readonly metrics: Partial<Record<MetricName, MetricReport>>
  /** Missing: all clients behaved. None of it is in `connections` and `messages`. */
  readonly bad_clients?: BadClientsReport
  readonly gc: { readonly generator: GcSideReport; readonly target: GcSideReport }
  readonly host: {
    readonly before: HostCounters
    readonly after: HostCounters
    readonly delta: HostCounters
    /** Highest stand of each gauge and busiest second of each counter, between two looks. */
    readonly peaks: Readonly<Record<string, number | null>>
  }
  /** Doctor's facts of the generator's host and of --target-host; empty where it did not look. */
  readonly hosts: readonly HostFindingsReport[]
  readonly memory: {
    readonly generator_bytes_per_connection: number | null
    readonly target_bytes_per_connection: number | null
    /** What the slopes were fitted to. */
    readonly generator_points?: readonly MemoryPoint[]
    readonly target_points?: readonly MemoryPoint[]
    /** Growth while the load stood, in bytes per hour; missing: it stood too short to tell. */
    readonly generator_bytes_per_hour?: EstimateReport
    readonly target_bytes_per_hour?: EstimateReport
  }
  /** Missing: nobody looked into the target. */
  readonly target?: { readonly sources: readonly TargetSourceReport[] }
  readonly thresholds: readonly ThresholdReport[]
  /** Missing: the devices did not find their nodes by dispatch. */
  readonly cluster?: ClusterReport
  /** Of a run that was driven from several hosts. */
  readonly generators?: readonly GeneratorReport[]
  /** Runs of several steps: connections, messages, metrics and verdict are the last one's. */
  readonly stages?: readonly StageReport[]
  readonly search?: SearchReport
  /** In order of time; missing: the run went by itself. */
  readonly steered?: readonly SteeringReport[]
  readonly intervals: readonly IntervalReport[]
  readonly environment: Readonly<Record<string, string | number | boolean | null>>
  /** The plan as it was computed before the first packet. */
  readonly plan: Readonly<Record<string, unknown>>
}
