/**
 * Entry of a generator shard: dist/loadgen-worker.js, started by shard-host.ts as a thread or a
 * process.
 */
import { openShardPort } from '../engine/shard-host.ts'
import type { ShardDown, ShardUp } from './shard-messages.ts'
import { ShardRunner } from './shard-runner.ts'

new ShardRunner(openShardPort<ShardDown, ShardUp>())
