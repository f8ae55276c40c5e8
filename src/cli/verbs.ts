/**
 * The verbs, in the order of help. A command module loads only when its verb is typed: `pushctl
 * --help` must answer in 100 ms and may not pay for terminals, HTTP and engines.
 * docs/hacking.md#add-a-verb says how a row gets here.
 */
import type { AnyCommand } from '../config/command.ts'

export interface Verb {
  readonly name: string
  /** Must be the summary of the command; a test compares them. */
  readonly summary: string
  load(): Promise<{ readonly command: AnyCommand }>
}

export const VERBS: readonly Verb[] = [
  {
    name: 'serve',
    summary: 'run a push node: TCP, WebSocket and an HTTP API',
    load: () => import('../commands/serve.ts'),
  },
  {
    name: 'bench',
    summary: 'load a target, or a node of its own, and report latencies',
    load: () => import('../commands/bench.ts'),
  },
  {
    name: 'profile',
    summary: 'list and show named settings of bench and doctor, check a file of them',
    load: () => import('../commands/profile.ts'),
  },
  {
    name: 'plan',
    summary: 'say how many nodes, of what size, a number of devices takes',
    load: () => import('../commands/plan.ts'),
  },
  {
    name: 'push',
    summary: 'push a message to devices of a node',
    load: () => import('../commands/push.ts'),
  },
  {
    name: 'listen',
    summary: 'be one device and print what it receives',
    load: () => import('../commands/listen.ts'),
  },
  {
    name: 'doctor',
    summary: 'say what is wrong with a host for a target, and exactly what to set',
    load: () => import('../commands/doctor.ts'),
  },
  {
    name: 'top',
    summary: 'show what nodes are doing, live',
    load: () => import('../commands/top.ts'),
  },
  {
    name: 'cluster',
    summary: 'look at the nodes of a cluster, drain, rebalance and restart them',
    load: () => import('../commands/cluster.ts'),
  },
  {
    name: 'report',
    summary: 'show, draw, compare or merge reports of bench',
    load: () => import('../commands/report.ts'),
  },
]
