/**
 * The kernel settings of one node of a plan, by doctor's own formulas, so that doctor on the
 * finished node agrees. Only what the load decides is here: what depends on the host, doctor says
 * there.
 */
import type { CapacityPlan } from '../../capacity/capacity-plan.ts'
import { conntrackNeed } from '../../doctor/conntrack-path.ts'
import {
  acceptQueueNeeded,
  DEFAULT_TARGET,
  descriptorsNeeded,
  dirtySockets,
  type Target,
} from '../../doctor/target.ts'
import { HEADROOM, TCP_MEM_KEY, tcpMemText } from '../../doctor/tcp-mem-vector.ts'

export interface NodeSetting {
  readonly key: string
  readonly value: string
  readonly why: string
}

export interface NodeSettings {
  readonly rows: readonly NodeSetting[]
  /** What to run on the finished node. */
  readonly doctorLine: string
}

const PAGE_BYTES = 4_096
const MESSAGE_OVERHEAD_BYTES = 1_300
/** Pages of an idle socket since Linux 6.1; older kernels keep a whole one. */
const IDLE_PAGES = 0.05
const TIME_WAIT_SECONDS = 120

export function nodeSettings(plan: CapacityPlan): NodeSettings {
  const target = doctorTargetOf(plan)
  const dataPages = Math.ceil((target.messageBytes + MESSAGE_OVERHEAD_BYTES) / PAGE_BYTES)
  const pages = 1.05 * (target.connections * IDLE_PAGES + dirtySockets(target) * dataPages)
  const conntrack = conntrackNeed(target, TIME_WAIT_SECONDS)
  return {
    rows: [
      {
        key: 'LimitNOFILE',
        value: String(descriptorsNeeded({ ...target, workers: 1 })),
        why: 'a descriptor for each connection, for one process with threads',
      },
      {
        key: 'fs.nr_open',
        value: String(Math.max(1_048_576, descriptorsNeeded({ ...target, workers: 1 }))),
        why: 'LimitNOFILE may not be higher; 1,048,576 is the default',
      },
      {
        key: 'net.core.somaxconn',
        value: String(acceptQueueNeeded(target)),
        why: 'connections that come while the node stands still for half a second, in a storm',
      },
      {
        key: TCP_MEM_KEY,
        value: tcpMemText(Math.ceil(HEADROOM * pages)),
        why: 'pages for data under way, Linux 6.1 and newer; leave it where it is larger',
      },
      {
        key: 'net.netfilter.nf_conntrack_max',
        value: String(conntrack.entries),
        why: 'only where connections are tracked; better: track none of them',
      },
    ],
    doctorLine:
      `pushctl doctor --role server -c ${target.connections} ` +
      `--connect-rate ${target.connectsPerSecond} --message-rate ${target.messagesPerSecond}`,
  }
}

/** One node after the loss that is planned for, while the lost devices come back. */
function doctorTargetOf({ node, input, storms }: CapacityPlan): Target {
  const storm = Math.max(0, ...storms.map(({ offeredPerNode }) => offeredPerNode))
  return {
    ...DEFAULT_TARGET,
    role: 'server',
    connections: node.connections,
    connectsPerSecond: Math.ceil(node.connectsPerSecond + storm),
    messagesPerSecond: Math.ceil(node.deliveriesPerSecond),
    messageBytes: input.messageBytes,
    heartbeatSeconds: input.heartbeatSeconds,
  }
}
