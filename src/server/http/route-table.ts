/** Every route of the API. What is not listed here is neither served nor described. */
import type { Route } from './route.ts'
import { deviceAckRoute } from './routes/device-ack.ts'
import { broadcastControlRoutes } from './routes/broadcast-control.ts'
import { clusterRoute } from './routes/cluster.ts'
import { deviceKickRoute } from './routes/device-kick.ts'
import { deviceSendRoute } from './routes/device-send.ts'
import { deviceStateRoute } from './routes/device-state.ts'
import { dispatchRoute } from './routes/dispatch.ts'
import { drainRoutes } from './routes/drain.ts'
import { eventsRoute } from './routes/events.ts'
import { healthzRoute } from './routes/healthz.ts'
import { metricsRoute } from './routes/metrics.ts'
import { moveRoute } from './routes/move.ts'
import { nodePageRoute } from './routes/node-page.ts'
import { nodeStateRoute } from './routes/node-state.ts'
import { openApiRoute } from './routes/openapi.ts'
import { pollRoute } from './routes/poll.ts'
import { probeRoute } from './routes/probe.ts'
import { pushRoute } from './routes/push.ts'
import { pushBatchRoute } from './routes/push-batch.ts'
import { pushReceiptRoute } from './routes/push-receipt.ts'
import { readyzRoute } from './routes/readyz.ts'
import { upstreamRoute } from './routes/upstream.ts'

export const ROUTES: readonly Route[] = [
  pushRoute,
  pushBatchRoute,
  pushReceiptRoute,
  ...broadcastControlRoutes,
  deviceStateRoute,
  deviceKickRoute,
  nodeStateRoute,
  clusterRoute,
  moveRoute,
  ...drainRoutes,
  dispatchRoute,
  probeRoute,
  upstreamRoute,
  eventsRoute,
  pollRoute,
  deviceSendRoute,
  deviceAckRoute,
  healthzRoute,
  readyzRoute,
  metricsRoute,
  openApiRoute,
  nodePageRoute,
]
