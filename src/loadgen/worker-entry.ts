/**
 * Entry of a generator shard: dist/loadgen-worker.js, started by shard-host.ts as a thread or a
 * process.
 */
import { setHeapForShards } from '../engine/heap-settings.ts'
import { openShardPort } from '../engine/shard-host.ts'
import type { ShardDown, ShardUp } from './shard-messages.ts'
import { ShardRunner } from './shard-runner.ts'

setHeapForShards()
new ShardRunner(openShardPort<ShardDown, ShardUp>())
