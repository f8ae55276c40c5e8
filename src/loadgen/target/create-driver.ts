/** The driver of a target by its carrier: the one place to add a protocol to. */
import type { SocketEngine } from '../../engine/socket-engine.ts'
import { PollDriver } from './http/poll-driver.ts'
import { SseDriver } from './http/sse-driver.ts'
import { MqttDriver } from './mqtt/mqtt-driver.ts'
import { PushTcpDriver } from './push-tcp.ts'
import { PushWebSocketDriver } from './push-websocket.ts'
import type { ResolvedTarget } from './target-address.ts'
import type { ConnectionEvents, DriverOptions, TargetDriver } from './target-driver.ts'
import { AnyWebSocketDriver } from './websocket/any-websocket.ts'
import { SocketIoDriver } from './websocket/socket-io.ts'

export function createDriver(
  engine: SocketEngine,
  target: ResolvedTarget,
  options: DriverOptions,
  events: ConnectionEvents,
): TargetDriver {
  switch (target.carrier) {
    case 'push-tcp':
      return new PushTcpDriver(engine, options, events)
    case 'push-websocket':
      return new PushWebSocketDriver(engine, target, options, events)
    case 'websocket':
      return new AnyWebSocketDriver(engine, target, options, events)
    case 'socket-io':
      return new SocketIoDriver(engine, target, options, events)
    case 'mqtt':
      return new MqttDriver(engine, target, options, events)
    case 'sse':
      return new SseDriver(engine, target, options, events)
    case 'poll':
      return new PollDriver(engine, target, options, events)
  }
}
