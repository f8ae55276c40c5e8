/**
 * Alarms for a thread without connections: an epoll engine that holds none. It costs three
 * descriptors and the arenas of an engine, which nobody touches and so no memory is behind them.
 */
import { chooseEngine, createEngine } from '../engine/create-engine.ts'
import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type SocketEngine,
} from '../engine/socket-engine.ts'

const NOTHING_TO_HEAR: EngineHandler = {
  onAccept() {},
  onConnect() {},
  onReceive() {},
  onOverflow() {},
  onClose() {},
}

/** null where timers of the loop must do. Keeps the thread alive until it is destroyed. */
export function openThreadAlarms(): SocketEngine | null {
  if (chooseEngine('auto').kind !== 'epoll') return null
  return createEngine('epoll', { ...DEFAULT_ENGINE_OPTIONS, capacity: 1 }, NOTHING_TO_HEAR)
}
