/**
 * pushctl cluster: looks at the nodes of a cluster and moves what is on them. It needs no agent:
 * nodes are found through their leases, or by asking any of them, and told over their HTTP APIs.
 */
import { type CommandContext, defineCommand } from '../config/command.ts'
import { commandWords } from '../config/command-words.ts'
import { nearestName } from '../config/nearest.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { parseStages } from './cluster/rollout-stages.ts'
import { parseThreshold } from './cluster/rollout-thresholds.ts'
import { CLUSTER_VERB_OPTIONS, type ClusterOptions } from './cluster-options.ts'
import { payloadFaults, unstoredFaults } from './push/push-faults.ts'
import { CLUSTER_LINK_OPTIONS } from './serve-cluster-options.ts'

export interface ActionRow {
  readonly wordsMin: number
  readonly wordsMax: number
  /** What a word is, for messages. */
  readonly word: string
  /** Keys of the options that mean something for it, beside those that find the nodes. */
  readonly options: readonly (keyof ClusterOptions)[]
  readonly needs: readonly (keyof ClusterOptions)[]
}

const NODES_MAX = 10_000
/** Below it, a limit is for people to know. */
const FEW_WORDS = 10
const PUSH = ['qos', 'ttlMs', 'id', 'wait', 'file'] as const
const ROLLOUT = [
  ...(['restart', 'revert', 'remoteShell', 'stages', 'drainRate', 'drain'] as const),
  ...(['readyTimeoutMs', 'soakMs', 'thresholds', 'check', 'plan'] as const),
]

export const ACTIONS: Readonly<Record<string, ActionRow>> = {
  status: { wordsMin: 0, wordsMax: 0, word: 'word', options: ['watch'], needs: [] },
  drain: { wordsMin: 1, wordsMax: 1, word: 'NODE', options: ['rate', 'to'], needs: ['rate'] },
  rebalance: {
    ...{ wordsMin: 0, wordsMax: 0, word: 'word' },
    options: ['rate', 'maxSkewPercent', 'plan'],
    needs: ['rate'],
  },
  rollout: {
    ...{ wordsMin: 0, wordsMax: NODES_MAX, word: 'NODE' },
    options: ROLLOUT,
    needs: ['restart'],
  },
  undrain: { wordsMin: 1, wordsMax: 1, word: 'NODE', options: [], needs: [] },
  kick: { wordsMin: 1, wordsMax: 10_000, word: 'DEVICE', options: [], needs: [] },
  push: { wordsMin: 1, wordsMax: 2, word: 'DEVICE', options: PUSH, needs: [] },
  broadcast: { wordsMin: 0, wordsMax: 1, word: 'PAYLOAD', options: [...PUSH, 'tag'], needs: [] },
}

/** Every action takes these. */
const SHARED = [...Object.keys(CLUSTER_LINK_OPTIONS), 'node', 'adminTokenFile', 'intervalMs']

export const command = defineCommand({
  name: 'cluster',
  summary: 'look at the nodes of a cluster, drain, rebalance and restart them',
  description:
    'ACTION is status, drain NODE, undrain NODE, rebalance, rollout [NODE…],\n' +
    'kick DEVICE…, push DEVICE PAYLOAD or broadcast PAYLOAD.\n' +
    'The nodes are found through --cluster, or by asking the one at --node.',
  arguments: [
    {
      name: 'ACTION',
      help: 'status, drain, undrain, rebalance, rollout, kick, push or broadcast',
      required: true,
    },
    {
      name: 'WORD',
      help: 'names of nodes; for kick and push: ids of devices; the payload',
      repeatable: true,
    },
  ],
  options: CLUSTER_VERB_OPTIONS,
  examples: [
    { line: 'pushctl cluster status --cluster redis://10.0.0.5', help: 'all nodes and their sum' },
    { line: 'pushctl cluster drain node-3 --rate 500', help: 'empties a node, and waits for it' },
    { line: 'pushctl cluster rebalance --rate 200 --max-skew 5', help: 'evens devices out' },
    {
      line: "pushctl cluster rollout --remote-shell 'ssh {host}' --restart 'service push restart'",
      help: 'one node, a quarter, all; stops by itself',
    },
    { line: 'pushctl cluster undrain node-3', help: 'takes a drain back' },
    { line: 'pushctl cluster kick phone-1', help: 'closes a device, wherever it is' },
    {
      line: "pushctl cluster broadcast --qos 1 --wait 'hello'",
      help: 'to the devices of all nodes, whichever of them die meanwhile',
    },
  ],
  check: faultsOf,
  async run(context: CommandContext<ClusterOptions>) {
    const { runAction } = await import('./cluster/run-action.ts')
    return runAction(context)
  },
})

function faultsOf(options: ClusterOptions, [name = '', ...words]: readonly string[]) {
  const names = Object.keys(ACTIONS)
  if (!names.includes(name)) {
    const tries = [`pushctl cluster ${nearestName(name, names) ?? 'status'}`]
    const got = `ACTION must be ${names.join(', ')}, got "${name.slice(0, 60)}"`
    return [new PushctlError('PUSHCTL_CONFIG', got, { tries })]
  }
  const { wordsMin, wordsMax, options: taken, needs } = ACTIONS[name]
  const faults: string[] = []
  if (words.length < wordsMin || words.length > wordsMax) {
    faults.push(`cluster ${name} needs ${wantedWords(ACTIONS[name])}, got ${words.length}`)
  }
  for (const [key, row] of Object.entries(CLUSTER_VERB_OPTIONS)) {
    const value = options[key as keyof ClusterOptions]
    const isGiven = Array.isArray(value)
      ? value.length > 0
      : 'default' in row
        ? value !== row.default
        : value !== undefined
    const isTaken = SHARED.includes(key) || taken.includes(key as keyof ClusterOptions)
    if (isGiven && !isTaken) faults.push(`--${row.flag} means nothing for cluster ${name}`)
    const isNeeded = needs.includes(key as keyof ClusterOptions)
    const isWaived = key === 'rate' && options.plan
    if (isNeeded && !isGiven && !isWaived) faults.push(`cluster ${name} needs --${row.flag}`)
  }
  if (name === 'rollout') faults.push(...rolloutFaults(options))
  if (name === 'push' || name === 'broadcast') {
    const texts = words.length - (name === 'push' ? 1 : 0)
    faults.push(...payloadFaults(texts, options.file), ...unstoredFaults(options))
  }
  return faults.map((message) => new PushctlError('PUSHCTL_CONFIG', message))
}

function wantedWords({ wordsMin, wordsMax, word }: ActionRow): string {
  if (wordsMax === 0) return `no ${word}`
  if (wordsMax === wordsMin) return `${wordsMin} ${word}`
  return wordsMax < FEW_WORDS ? `${wordsMin} to ${wordsMax} words` : `${wordsMin} ${word} at least`
}

function rolloutFaults({ stages, thresholds, remoteShell, node }: ClusterOptions): string[] {
  const faults: string[] = []
  if (parseStages(stages) === null) {
    faults.push(`--stages must be counts or shares such as 1,25%,100%, got "${stages}"`)
  }
  for (const text of thresholds) {
    const parsed = parseThreshold(text)
    if (typeof parsed === 'string') faults.push(`--threshold "${text.slice(0, 60)}": ${parsed}`)
  }
  const shell = remoteShell === undefined ? [] : commandWords(remoteShell)
  if (typeof shell === 'string') faults.push(`--remote-shell ${shell}`)
  const { protocol } = new URL(node)
  if (protocol !== 'http:' && protocol !== 'https:') {
    faults.push(`--node must be an http:// or https:// URL, got "${node}"`)
  }
  return faults
}
