/** Entry of the publisher: dist/loadgen-publisher.js, started by shard-host.ts. */
import { openShardPort } from '../engine/shard-host.ts'
import { Publisher } from './publisher.ts'
import type { PublisherDown, PublisherUp } from './shard-messages.ts'

new Publisher(openShardPort<PublisherDown, PublisherUp>())
