/**
 * The settings of `pushctl bench` for a cluster: how devices find nodes, and what happens to those.
 */
import { defineOptions } from '../../config/option-table.ts'
import { SCENARIOS } from '../../loadgen/cluster-scenario/scenario-settings.ts'

export const CLUSTER_BENCH_OPTIONS = defineOptions({
  dispatch: {
    flag: 'dispatch',
    kind: 'url',
    repeatable: true,
    separator: ',',
    help:
      'HTTP API of any node: each device asks there for its nodes, races probes, goes to the ' +
      'next on failure, and where a BYE says',
    example: 'http://10.0.0.7:7002',
  },
  dispatchSite: {
    flag: 'dispatch-site',
    kind: 'string',
    default: '',
    help: 'site that the devices name when they ask for nodes',
  },
  dispatchCarrier: {
    flag: 'dispatch-carrier',
    kind: 'enum',
    values: ['tcp', 'ws'],
    default: 'tcp',
    help: 'which of the addresses devices connect to',
  },
  dispatchRace: {
    flag: 'dispatch-race',
    kind: 'boolean',
    default: true,
    help: 'do not race probes: connect to the first node of the set',
  },
  scenario: {
    flag: 'scenario',
    kind: 'enum',
    values: SCENARIOS,
    help: 'what happens to the cluster in the measured time (with --dispatch)',
  },
  scenarioNode: {
    flag: 'scenario-node',
    kind: 'string',
    placeholder: 'NAME',
    help: 'node that is killed or drained. Default: one that pushes do not go through',
  },
  scenarioSite: {
    flag: 'scenario-site',
    kind: 'string',
    placeholder: 'NAME',
    help: 'site that is lost. Default: one that pushes do not go through',
  },
  scenarioDrainPerSecond: {
    flag: 'scenario-rate',
    kind: 'rate',
    default: 500,
    min: 1,
    help: 'devices per second that a node sends away (drain, rolling-restart)',
  },
  scenarioAfterMs: {
    flag: 'scenario-after',
    kind: 'duration',
    default: 1_000,
    min: 0,
    help: 'when it happens, from the begin of the measured time',
  },
  scenarioDownMs: {
    flag: 'scenario-down',
    kind: 'duration',
    default: 5_000,
    min: 0,
    help: 'how long a node is down before --node-start (node-kill, site-loss)',
  },
  nodeStop: {
    flag: 'node-stop',
    kind: 'string',
    placeholder: 'COMMAND',
    help: 'shell command that stops the node {node} on {host}',
    example: "'ssh {host} systemctl kill -s KILL pushctl'",
  },
  nodeStart: {
    flag: 'node-start',
    kind: 'string',
    placeholder: 'COMMAND',
    help: 'shell command that starts it again',
    example: "'ssh {host} systemctl start pushctl'",
  },
})
