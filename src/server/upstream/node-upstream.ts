/** The upstream router of a node, put together from what the node has. */
import type { Directory } from '../directory.ts'
import type { PushNodeOptions } from '../node-options.ts'
import type { ShardGroup } from '../shard-group.ts'
import type { SipHash } from '../sip-hash.ts'
import { UpstreamRouter } from './upstream-router.ts'

export function createUpstream(
  options: PushNodeOptions,
  bootId: number,
  directory: Directory,
  hash: SipHash,
  group: ShardGroup,
): UpstreamRouter {
  return new UpstreamRouter({
    nodeName: options.name,
    bootId,
    webhooks: options.webhooks ?? null,
    directory,
    hash,
    onStatesWanted: (isOn) => {
      for (const { link } of group.alive) link.post({ kind: 'device-events', isOn })
    },
    tell: options.tell ?? (() => {}),
  })
}
