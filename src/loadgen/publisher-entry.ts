/** Entry of the publisher: dist/loadgen-publisher.js, started by shard-host.ts. */
import { openShardPort } from '../engine/shard-host.ts'
import { Publisher } from './publisher.ts'
import type { PublisherDown, PublisherUp } from './shard-messages.ts'
import { favourThread } from './thread-priority.ts'

favourThread()
new Publisher(openShardPort<PublisherDown, PublisherUp>())
