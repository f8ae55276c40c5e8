/** From the settings of serve-cluster-options.ts to a node that has joined its cluster. */
import type { OptionsOf } from '../config/option-table.ts'
import { packageVersion } from '../config/package-root.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { ClusterMember } from '../server/cluster/cluster-member.ts'
import type { CLUSTER_OPTIONS } from './serve-cluster-options.ts'

const NODE_NAME = /^[\w.-]{1,64}$/
const PREFIX = /^[\w.:-]{1,64}$/

type Environment = Readonly<Record<string, string | undefined>>

/**
 * null without --cluster. Throws PUSHCTL_CONFIG, PUSHCTL_FILE_UNREADABLE or PUSHCTL_CLUSTER_…; the
 * node has its name when it resolves.
 */
export async function joinCluster(
  options: OptionsOf<typeof CLUSTER_OPTIONS> & {
    readonly nodeName: string
    readonly dataDir?: string | undefined
  },
  env: Environment,
  tell: (line: string) => void,
): Promise<ClusterMember | null> {
  if (options.cluster === undefined) return null
  checkName('--node-name', options.nodeName, NODE_NAME)
  if (options.dataDir !== undefined) {
    const message = 'expected --cluster or --data-dir, got both'
    throw new PushctlError('PUSHCTL_CONFIG', message, {
      why: 'a cluster keeps stored pushes in Redis',
      tries: ['leave out --data-dir'],
    })
  }
  const [{ parseClusterAddress }, { readRedisCredentials }, { ClusterMember }] = await Promise.all([
    import('../cluster/cluster-address.ts'),
    import('./serve-cluster-credentials.ts'),
    import('../server/cluster/cluster-member.ts'),
  ])
  const credentials = await readRedisCredentials(options, env, tell)
  return ClusterMember.open({
    address: parseClusterAddress(options.cluster, credentials),
    prefix: checkName('--cluster-prefix', options.clusterPrefix, PREFIX),
    leaseMs: options.clusterLeaseMs,
    nodeName: options.nodeName,
    site: options.site,
    version: packageVersion(),
    advertised: {
      tcp: options.advertiseTcp,
      ws: options.advertiseWs,
      http: options.advertiseHttp ?? '',
    },
    tell,
  })
}

function checkName(option: string, name: string, rule: RegExp): string {
  if (rule.test(name)) return name
  throw new PushctlError(
    'PUSHCTL_CONFIG',
    `${option} must be 1-64 letters, digits, "-", "_" and ".", got ${JSON.stringify(name)}`,
  )
}
