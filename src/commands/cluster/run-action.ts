/** The actions of `pushctl cluster`: nodes found, asked and told, the outcome printed. */
import type { CommandContext } from '../../config/command.ts'
import { formatCount } from '../../config/quantities.ts'
import { EXIT, exitCodeOfSignal, type StopSignal } from '../../errors/exit-codes.ts'
import { readAdminToken } from '../../server/auth/admin-token.ts'
import { tableLines } from '../../report/table.ts'
import type { ClusterOptions } from '../cluster-options.ts'
import { readRedisCredentials } from '../serve-cluster-credentials.ts'
import { totalsOf } from './cluster-totals.ts'
import type { ClusterWork } from './cluster-work.ts'
import { devicesText, drainNode, drainTargets, undrainNode } from './drain-node.ts'
import { kickDevices } from './kick.ts'
import { nodeNamed, openNodeSource } from './node-source.ts'
import { broadcast, push } from './push-actions.ts'
import { moveAll } from './rebalance.ts'
import { planMoves } from './rebalance-plan.ts'
import { Rollout } from './rollout.ts'
import { planStages } from './rollout-stages.ts'
import { rolloutText } from './rollout-text.ts'
import { rolloutSettings } from './rollout-settings.ts'
import { percent, statusDocument, statusText } from './status-text.ts'
import { watchStatus } from './watch-status.ts'

type Context = CommandContext<ClusterOptions>
type Action = (context: Context, work: ClusterWork, words: readonly string[]) => Promise<number>

const RUN: Readonly<Record<string, Action>> = {
  ...{ status, drain, undrain, rebalance, rollout, kick },
  ...{ push, broadcast },
}

export async function runAction(context: Context): Promise<number> {
  const { options, env, note, positional, signal } = context
  const admin = await readAdminToken({
    file: options.adminTokenFile,
    environment: env['PUSHCTL_ADMIN_TOKEN'],
  })
  if (admin?.warning) note(admin.warning)
  const credentials = await readRedisCredentials(options, env, note)
  const access = { adminToken: admin?.token ?? null, signal }
  const { cluster, clusterPrefix: prefix, node } = options
  const place = { cluster, prefix, credentials, node }
  const source = await openNodeSource(place, access)
  try {
    const [name = '', ...words] = positional
    const work = { source, access, lookMs: options.intervalMs, note }
    return await RUN[name](context, work, words)
  } finally {
    await source.close()
  }
}

async function status(context: Context, work: ClusterWork): Promise<number> {
  if (context.options.watch) return watchStatus(context, work)
  const nodes = await work.source.read()
  const nowMs = context.now()
  await context.result(statusDocument(nodes, nowMs), statusText(nodes, nowMs))
  return nodes.length > 0 ? EXIT.OK : EXIT.TARGET
}

async function drain(context: Context, work: ClusterWork, [name]: readonly string[]) {
  const { rate = 0, to } = context.options
  const nodes = await work.source.read()
  const node = nodeNamed(nodes, name)
  const outcome = await drainNode(work, node, drainTargets(nodes, [node], to), rate)
  const { devices, seconds } = outcome
  const gone = `${devicesText(devices)} left in ${seconds.toFixed(1)} s`
  const text = `${node.name} is empty: ${gone}`
  await context.result({ schema: 'pushctl.cluster-drain/1', ...outcome }, text)
  return EXIT.OK
}

async function undrain(context: Context, work: ClusterWork, [name]: readonly string[]) {
  const node = nodeNamed(await work.source.read(), name)
  const devices = await undrainNode(work, node)
  const text = `${node.name} takes devices again; it has ${devicesText(devices)}`
  await context.result({ schema: 'pushctl.cluster-undrain/1', node: node.name, devices }, text)
  return EXIT.OK
}

async function rebalance(context: Context, work: ClusterWork): Promise<number> {
  const { rate = 0, maxSkewPercent, plan } = context.options
  const nodes = await work.source.read()
  const moves = planMoves(nodes, maxSkewPercent / 100)
  const skewBefore = totalsOf(nodes).skew
  const planned = moves.map(({ from, to, devices }) => {
    return { from: from.name, to: to.name, planned: devices, moved: 0, seconds: 0 }
  })
  const done = plan ? planned : await moveAll(work, moves, rate)
  const rows = done.map(({ from, to, planned: wanted, moved }) => {
    return [from, to, formatCount(wanted), ...(plan ? [] : [formatCount(moved)])]
  })
  const head = ['FROM', 'TO', 'DEVICES', ...(plan ? [] : ['MOVED'])]
  const table = tableLines([head, ...rows], ['left', 'left', 'right', 'right'])
  const text =
    moves.length === 0
      ? `nothing to move: the fullest node is ${percent(skewBefore)} above its fair share`
      : table.join('\n')
  await context.result(
    { schema: 'pushctl.cluster-rebalance/1', plan, skewBefore, moves: done },
    text,
  )
  return EXIT.OK
}

async function rollout(context: Context, work: ClusterWork, words: readonly string[]) {
  const { options, signal } = context
  const nodes = await work.source.read()
  const chosen = words.length === 0 ? nodes : words.map((name) => nodeNamed(nodes, name))
  const { sizes, ...settings } = rolloutSettings(options)
  const stages = planStages([...new Set(chosen)], sizes)
  const schema = 'pushctl.cluster-rollout/1'
  if (options.plan) {
    const named = stages.map((stage) => stage.map(({ name }) => name))
    const lines = named.map((names, i) => `stage ${i + 1}: ${names.join(', ')}`)
    await context.result({ schema, outcome: 'planned', stages: named }, lines.join('\n'))
    return EXIT.OK
  }
  const outcome = await new Rollout(work, { ...settings, stages }).run()
  await context.result({ schema, ...outcome }, rolloutText(outcome))
  if (outcome.outcome === 'interrupted') return exitCodeOfSignal(signal.reason as StopSignal)
  return outcome.outcome === 'done' ? EXIT.OK : EXIT.THRESHOLD
}

async function kick(context: Context, work: ClusterWork, words: readonly string[]) {
  const devices = await kickDevices(work, [...new Set(words)])
  const lines = devices.map(
    ({ device, kicked }) => `${device}  ${kicked ? 'kicked' : 'not online'}`,
  )
  await context.result({ schema: 'pushctl.cluster-kick/1', devices }, lines.join('\n'))
  return devices.every(({ kicked }) => kicked) ? EXIT.OK : EXIT.TARGET
}
