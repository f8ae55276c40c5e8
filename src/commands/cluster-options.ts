/** The settings of `pushctl cluster`, one row each; cluster.ts says which action takes which. */
import { defineOptions, type OptionsOf } from '../config/option-table.ts'
import { DEFAULT_THRESHOLDS } from './cluster/rollout-thresholds.ts'
import { PUSH_OPTIONS } from './push.ts'
import { CLUSTER_LINK_OPTIONS } from './serve-cluster-options.ts'

/** As `pushctl push` has them. */
const PUSH_WISH = {
  qos: { ...PUSH_OPTIONS.qos, help: `push, broadcast: ${PUSH_OPTIONS.qos.help}` },
  tag: { ...PUSH_OPTIONS.tag, help: 'broadcast: only to devices with this tag' },
  ttlMs: { ...PUSH_OPTIONS.ttlMs, help: `push, broadcast: ${PUSH_OPTIONS.ttlMs.help}` },
  id: { ...PUSH_OPTIONS.id, help: `push, broadcast: ${PUSH_OPTIONS.id.help}` },
  wait: {
    ...PUSH_OPTIONS.wait,
    help:
      'push, broadcast: with --qos 1: stay until the device has acked it, or it went to all that ' +
      'were online',
  },
  file: { ...PUSH_OPTIONS.file, help: 'push, broadcast: payload from this file; - is stdin' },
}

export const CLUSTER_VERB_OPTIONS = defineOptions({
  ...CLUSTER_LINK_OPTIONS,
  node: {
    flag: 'node',
    kind: 'url',
    default: 'http://127.0.0.1:7002',
    help: 'without --cluster: HTTP address of any node',
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    kind: 'file',
    help: 'admin token of the nodes; or give it as PUSHCTL_ADMIN_TOKEN',
  },
  watch: {
    flag: 'watch',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'status: look again each --interval, until stopped',
  },
  intervalMs: {
    flag: 'interval',
    kind: 'duration',
    default: 1_000,
    min: 50,
    max: 3_600_000,
    env: false,
    help: 'time between two looks',
  },
  rate: {
    flag: 'rate',
    kind: 'rate',
    min: 0,
    max: 10_000_000,
    env: false,
    help: 'drain, rebalance: devices per second that are sent away; 0 is all at once',
  },
  to: {
    flag: 'to',
    kind: 'string',
    repeatable: true,
    placeholder: 'NODE',
    env: false,
    help: 'drain: a node that takes the devices. Default: all that are ready',
  },
  maxSkewPercent: {
    flag: 'max-skew',
    kind: 'number',
    default: 10,
    min: 0,
    max: 1_000,
    placeholder: 'PERCENT',
    env: false,
    help: 'rebalance: how far above its fair share a node may be',
  },
  ...PUSH_WISH,
  plan: {
    flag: 'plan',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'rebalance, rollout: print what would be done, and stop',
  },
  restart: {
    flag: 'restart',
    kind: 'string',
    placeholder: 'CMD',
    example: "'systemctl restart pushctl'",
    env: false,
    help: 'rollout: restarts one node; {node} and {host} stand for its name and host',
  },
  revert: {
    flag: 'revert',
    kind: 'string',
    placeholder: 'CMD',
    env: false,
    help: 'rollout: puts a restarted node back. Without it a rollout stops and leaves it',
  },
  remoteShell: {
    flag: 'remote-shell',
    kind: 'string',
    example: "'ssh {host}'",
    env: false,
    help: 'rollout: gets CMD as its last word. Default: the shell of this host',
  },
  stages: {
    flag: 'stages',
    kind: 'string',
    default: '1,25%,100%',
    env: false,
    help: 'rollout: how many nodes are done after each stage',
  },
  drainRate: {
    flag: 'drain-rate',
    kind: 'rate',
    default: 500,
    min: 0,
    max: 10_000_000,
    env: false,
    help: 'rollout: devices per second that leave a node before it is restarted; 0 is all at once',
  },
  drain: {
    flag: 'drain',
    kind: 'boolean',
    default: true,
    env: false,
    help: 'rollout: restart nodes with their devices',
  },
  readyTimeoutMs: {
    flag: 'ready-timeout',
    kind: 'duration',
    default: 120_000,
    min: 1_000,
    max: 3_600_000,
    env: false,
    help: 'rollout: how long CMD may take, and then the node until it is ready',
  },
  soakMs: {
    flag: 'soak',
    kind: 'duration',
    default: 60_000,
    min: 0,
    max: 86_400_000,
    env: false,
    help: 'rollout: how long the restarted nodes are watched after each stage',
  },
  thresholds: {
    flag: 'threshold',
    kind: 'string',
    repeatable: true,
    example: "'lag<100ms'",
    env: false,
    help:
      'rollout: must hold for each restarted node: errors, lag, api_p99, gc, level; devices is ' +
      `the cluster's. Default: ${DEFAULT_THRESHOLDS.join(' ')}`,
  },
  check: {
    flag: 'check',
    kind: 'string',
    placeholder: 'CMD',
    env: false,
    help: 'rollout: must end with 0 after each stage, for instance a pushctl bench with --slo',
  },
})

export type ClusterOptions = OptionsOf<typeof CLUSTER_VERB_OPTIONS>
