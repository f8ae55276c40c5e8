/** Runs one shard of a push node, in a worker thread or in a child process. */
import { collectStartupGarbage } from '../engine/collect-garbage.ts'
import { setHeapForShards } from '../engine/heap-settings.ts'
import { openShardPort } from '../engine/shard-host.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { Shard } from './shard.ts'
import type { ShardDown, ShardUp } from './shard-messages.ts'

setHeapForShards()
const port = openShardPort<ShardDown, ShardUp>()
let shard: Shard | undefined
// Settings are read again by the main process; a `pkill -HUP` that means it reaches shards too.
if (port.kind === 'process') process.on('SIGHUP', () => {})

port.onMessage((message) => {
  if (message.kind === 'configure') void configure(message)
  else if (message.kind === 'stop') void stop()
  else shard?.onMessage(message)
})

async function configure(message: Extract<ShardDown, { kind: 'configure' }>): Promise<void> {
  try {
    shard = new Shard(message.configuration, (up) => port.post(up))
    collectStartupGarbage()
    await shard.start()
  } catch (error) {
    if (!(error instanceof PushctlError)) throw error
    const { code, message: text, why, tries } = error
    port.post({ kind: 'failed', code, message: text, why: why ?? null, tries })
  }
}

async function stop(): Promise<void> {
  await shard?.stop()
  process.exit(0)
}
