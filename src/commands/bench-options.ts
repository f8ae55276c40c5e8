/** The settings of `pushctl bench`, one row each. */
import { defineOptions } from '../config/option-table.ts'
import { LIFETIMES } from '../loadgen/turnover.ts'
import { WORKLOAD_MODES } from '../loadgen/workload.ts'
import { COURSE_OPTIONS } from './bench/course-options.ts'
import { POPULATION_OPTIONS } from './bench/population-options.ts'
import { MESSAGE_BYTES } from './bench/population-settings.ts'
import { REMOTE_OPTIONS } from './bench/remote/remote-options.ts'
import { INSIGHT_OPTIONS } from './bench/insight/insight-options.ts'
import { CLUSTER_BENCH_OPTIONS } from './bench/cluster-options.ts'
import { TARGET_OPTIONS } from './bench/target-options.ts'

export const BENCH_OPTIONS = defineOptions({
  connections: {
    flag: 'connections',
    short: 'c',
    kind: 'count',
    default: 1_000,
    min: 1,
    max: 4_000_000,
    why: 'each connection needs one row of the connection table',
    example: '1000',
    help: 'connections to hold; 10k is ten thousand, 1m a million',
  },
  connectsPerSecond: {
    flag: 'connect-rate',
    kind: 'rate',
    default: 5_000,
    min: 0.1,
    help: 'connections opened per second, over all shards',
  },
  messagesPerConnection: {
    flag: 'message-rate',
    short: 'r',
    kind: 'rate',
    min: 0,
    help: 'messages per second and connection (echo, unicast)',
  },
  messagesPerSecond: {
    flag: 'rate',
    short: 'R',
    kind: 'rate',
    min: 0,
    help:
      'messages (or broadcasts) per second in total. Default: 1 broadcast; 1 message per ' +
      'connection, in mixed per 10 connections',
  },
  messageSizes: {
    flag: 'message-size',
    kind: 'sizes',
    default: { kind: 'fixed', bytes: 256 },
    min: MESSAGE_BYTES.min,
    max: MESSAGE_BYTES.max,
    why: '24 bytes say when a message was due; a frame has at most 64 KiB',
    example: '256..1KiB',
    help:
      'payload in bytes: one size, a range 256..1KiB, lognormal:MEAN:SIGMA, or sizes with ' +
      'weights 256*7,1KiB*2',
  },
  durationMs: {
    flag: 'duration',
    short: 'd',
    kind: 'duration',
    default: 30_000,
    min: 100,
    help: 'measured time, after the ramp and the warm-up; 1m is a minute',
  },
  warmupMs: {
    flag: 'warmup',
    kind: 'duration',
    default: 1_000,
    min: 0,
    help: 'time with full load that is not measured',
  },
  arrivals: {
    flag: 'arrivals',
    kind: 'enum',
    values: ['constant', 'poisson'],
    default: 'constant',
    help: 'evenly spaced, or independent as many users make them',
  },
  mode: {
    flag: 'mode',
    kind: 'enum',
    values: WORKLOAD_MODES,
    default: 'broadcast',
    help:
      'hold only, echo upstream data, push to one device at a time, push to all; mixed: ' +
      'unicasts, broadcasts and heartbeats together; churn: connections are replaced all the ' +
      'time; storm: all are lost at once and come back',
  },
  churnPerMille: {
    flag: 'churn',
    kind: 'rate',
    min: 0.001,
    max: 1_000,
    help: 'thousandths of the connections that are replaced per second (mode churn). Default: 1',
  },
  lifetime: {
    flag: 'lifetime',
    kind: 'enum',
    values: LIFETIMES,
    default: 'exponential',
    help: 'how long a connection lasts in mode churn: as users come and go, or all the same',
  },
  unicastCount: {
    flag: 'unicasts',
    kind: 'count',
    min: 1,
    help: 'exactly so many unicasts, evenly over the measured time, instead of a rate',
  },
  broadcastCount: {
    flag: 'broadcasts',
    kind: 'count',
    min: 1,
    help: 'exactly so many broadcasts, evenly over the measured time. Default in mixed: 1 in 10 s',
  },
  heartbeatMs: {
    flag: 'heartbeat',
    kind: 'duration',
    min: 1_000,
    max: 3_600_000,
    help: 'what the devices ask for, in whole seconds. Default: the node chooses',
  },
  publish: {
    flag: 'publish',
    kind: 'url',
    help: 'HTTP API of the node, where pushes are injected. Default: port 7002 of the target',
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    kind: 'file',
    help: 'token for the HTTP API; also from PUSHCTL_ADMIN_TOKEN',
  },
  authSecretFile: {
    flag: 'auth-secret-file',
    kind: 'file',
    help: 'shared secret of the node: bench signs a token for each device with it (HS256)',
  },
  workers: {
    flag: 'workers',
    short: 'w',
    kind: 'count',
    min: 1,
    max: 256,
    help: 'generator threads. Default: one per core; half of them where the target is here',
  },
  processes: {
    flag: 'processes',
    kind: 'count',
    min: 1,
    max: 1_024,
    help: 'generator processes, each with its own descriptors. Default: as many as needed',
  },
  sourceAddresses: {
    flag: 'source-ip',
    kind: 'string',
    help: 'addresses to connect from: list, range (10.0.0.5-20) or block (10.0.0.0/28)',
  },
  doctor: {
    flag: 'doctor',
    kind: 'enum',
    values: ['on', 'off'],
    default: 'on',
    help: 'look at this host before, during and after; off spares its CPU for the generator',
  },
  targetHosts: {
    flag: 'target-host',
    kind: 'string',
    placeholder: 'user@host',
    repeatable: true,
    separator: ',',
    env: false,
    help: "hosts of the target: doctor's findings of them, over ssh, join the report",
  },
  slo: {
    flag: 'slo',
    kind: 'string',
    repeatable: true,
    example: "'push_latency:p99<50ms'",
    help: "threshold such as 'push_latency:p99<50ms'; exit 99 where one is crossed",
  },
  plan: {
    flag: 'plan',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'print the plan and stop',
  },
  seed: {
    flag: 'seed',
    kind: 'count',
    min: 0,
    max: 0xffff_ffff,
    help: 'makes arrivals and choice of devices repeatable. Default: random',
  },
  out: {
    flag: 'out',
    kind: 'directory',
    help: 'write report.json and the .hgrm files here',
  },
  ...COURSE_OPTIONS,
  ...POPULATION_OPTIONS,
  ...REMOTE_OPTIONS,
  ...TARGET_OPTIONS,
  ...CLUSTER_BENCH_OPTIONS,
  ...INSIGHT_OPTIONS,
  engine: {
    flag: 'engine',
    kind: 'enum',
    values: ['auto', 'epoll', 'node'],
    default: 'auto',
    help: 'epoll: native batches, Linux; node: everywhere',
  },
})
