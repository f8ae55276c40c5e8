/**
 * pushctl top: what nodes are doing now, as rows with their total, until q. It asks GET /v1/node
 * and takes rates from two answers, so it needs nothing installed beside the nodes.
 */
import { defineCommand } from '../config/command.ts'
import { defineOptions } from '../config/option-table.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { CLUSTER_LINK_OPTIONS } from './serve-cluster-options.ts'
import { SORT_KEYS, type SortKey } from './top/row-order.ts'

const NODE_DEFAULT = 'http://127.0.0.1:7002'
/** A view that moves every five seconds looks stuck; a log with a line each second is too long. */
const INTERVAL_TERMINAL_MS = 1_000
const INTERVAL_PIPED_MS = 5_000

export const TOP_OPTIONS = defineOptions({
  intervalMs: {
    flag: 'interval',
    kind: 'duration',
    min: 200,
    max: 3_600_000,
    env: false,
    help: 'time between two looks, over which rates are taken. Default: 1s, 5s where piped',
  },
  once: {
    flag: 'once',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'print one look as lines and end; 4 where no node answered',
  },
  sort: {
    flag: 'sort',
    kind: 'enum',
    values: SORT_KEYS,
    default: 'name',
    env: false,
    help: 'order of the nodes; the key s changes it',
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    kind: 'file',
    help: 'admin token of the nodes; or give it as PUSHCTL_ADMIN_TOKEN',
  },
  ...CLUSTER_LINK_OPTIONS,
})

export const command = defineCommand({
  name: 'top',
  summary: 'show what nodes are doing, live',
  description:
    'NODE is the HTTP address of a node, host:port or a URL; without one 127.0.0.1:7002.\n' +
    'With --cluster all nodes are shown whose lease holds, as they come and go.\n' +
    'On a terminal q ends and s sorts; piped, a line a node each interval.',
  arguments: [{ name: 'NODE', help: 'HTTP address of a node', repeatable: true }],
  options: TOP_OPTIONS,
  examples: [
    { line: 'pushctl top', help: 'the node on this machine' },
    { line: 'pushctl top 10.0.0.7:7002 10.0.0.8:7002', help: 'two nodes and their total' },
    { line: 'pushctl top --cluster redis://10.0.0.5', help: 'all nodes of a cluster' },
    { line: 'pushctl top --once --json', help: 'one look, for a script' },
  ],
  check({ cluster }, positional) {
    if (cluster !== undefined && positional.length > 0) {
      const what = `--cluster finds the nodes itself, got NODE "${positional[0]}" as well`
      return [new PushctlError('PUSHCTL_CONFIG', what)]
    }
    return positional.flatMap((text) => {
      if (nodeUrlOf(text) !== null) return []
      const what = `NODE must be host:port or an http:// or https:// URL, got "${text}"`
      return [new PushctlError('PUSHCTL_CONFIG', what, { tries: ['pushctl top 127.0.0.1:7002'] })]
    })
  },
  async run(context) {
    const { options, positional, env, note, terminal, json } = context
    const { readAdminToken } = await import('../server/auth/admin-token.ts')
    const { watchNodes } = await import('./top/watch-nodes.ts')
    const admin = await readAdminToken({
      file: options.adminTokenFile,
      environment: env['PUSHCTL_ADMIN_TOKEN'],
    })
    if (admin?.warning) note(admin.warning)
    const isLive = terminal.stdoutIsTty && !json
    const usual = isLive || options.once ? INTERVAL_TERMINAL_MS : INTERVAL_PIPED_MS
    const words = positional.length > 0 ? positional : [NODE_DEFAULT]
    const named = words.map(nodeUrlOf).filter((url) => url !== null)
    const nodes =
      options.cluster === undefined
        ? { find: async () => named, close: async () => {} }
        : await (await import('./cluster/live-nodes.ts')).openLiveNodes(context, options.cluster)
    const end = watchNodes(context, {
      findNodes: nodes.find,
      adminToken: admin?.token ?? null,
      intervalMs: options.intervalMs ?? usual,
      once: options.once,
      sortKey: options.sort as SortKey,
    })
    return end.finally(nodes.close)
  },
})

/** null where it is no address. A path is dropped: the API stands at the root. */
export function nodeUrlOf(text: string): string | null {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(full)) return null
  const { protocol, host, username, password } = new URL(full)
  if (protocol !== 'http:' && protocol !== 'https:') return null
  // A secret on the command line is seen by every user of the host.
  if (username !== '' || password !== '') return null
  return `${protocol}//${host}`
}
