/**
 * The nodes of a cluster for the verbs that otherwise are told which: `top --cluster` looks at all
 * of them, as they come and go, `push --cluster` goes through any.
 */
import type { CommandContext } from '../../config/command.ts'
import type { OptionsOf } from '../../config/option-table.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { readRedisCredentials } from '../serve-cluster-credentials.ts'
import type { CLUSTER_LINK_OPTIONS } from '../serve-cluster-options.ts'

type Place = OptionsOf<typeof CLUSTER_LINK_OPTIONS>
type Context = Pick<CommandContext<Place>, 'options' | 'env' | 'note'>

export interface LiveNodes {
  /** HTTP addresses; those of the last time where Redis cannot be reached just now. */
  find(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Fails with PUSHCTL_CLUSTER_… where Redis cannot be used. */
export async function openLiveNodes(context: Context, url: string): Promise<LiveNodes> {
  const reader = await openReader(context, url)
  let known: readonly string[] = []
  return {
    async find() {
      const nodes = await reader.nodes().catch((error) => {
        if (error instanceof PushctlError) return null
        throw error
      })
      if (nodes !== null) known = nodes.map(({ http }) => http).filter((http) => URL.canParse(http))
      return known
    },
    close: () => reader.close(),
  }
}

/** The HTTP address of a node that is ready; the emptiest. */
export async function findAnyNode(context: Context, url: string): Promise<string> {
  const reader = await openReader(context, url)
  try {
    const nodes = await reader.nodes()
    const ready = nodes.filter(({ state }) => state === 'ready').sort((a, b) => a.load - b.load)
    if (ready.length > 0) return ready[0].http
    const message = `a node of ${reader.name} must be ready, got none of ${nodes.length}`
    throw new PushctlError('PUSHCTL_TARGET_UNREACHABLE', message, {
      tries: ['pushctl cluster status'],
    })
  } finally {
    await reader.close()
  }
}

async function openReader({ options, env, note }: Context, url: string) {
  const credentials = await readRedisCredentials(options, env, note)
  const { openClusterReader } = await import('../../cluster/cluster-reader.ts')
  return openClusterReader({ url, prefix: options.clusterPrefix, credentials })
}
