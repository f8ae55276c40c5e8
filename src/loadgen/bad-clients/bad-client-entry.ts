/**
 * Entry of a process of bad clients: dist/loadgen-bad-clients.js. A process, because slow readers
 * must not take descriptors, memory and turns of the loop from what is measured.
 */
import { openShardPort } from '../../engine/shard-host.ts'
import { fatalFrom } from '../shard-runner.ts'
import type { BadClientsDown, BadClientsUp } from './bad-client-messages.ts'
import { BadClientShard } from './bad-client-shard.ts'

const port = openShardPort<BadClientsDown, BadClientsUp>()
let clients: BadClientShard | null = null

async function hear(message: BadClientsDown): Promise<void> {
  if (message.kind === 'setup') {
    clients = new BadClientShard(message.setup)
    port.post({ kind: 'ready' })
  } else if (message.kind === 'start') {
    clients?.start()
  } else {
    port.post({ kind: 'counts', counts: (await clients?.finish()) ?? [] })
  }
}

port.onMessage((message) => {
  hear(message).catch((error) => port.post(fatalFrom(error)))
})
