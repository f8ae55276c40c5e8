/**
 * Chooses the engine: epoll where it loads, else node. What was chosen and why is for the caller to
 * say, once.
 */
import type { Alarm } from './alarm-table.ts'
import { EpollEngine, type KernelBytes } from './epoll-engine.ts'
import { loadShim } from './native-shim.ts'
import { NodeEngine } from './node-engine.ts'
import type { EngineHandler, EngineKind, EngineOptions, SocketEngine } from './socket-engine.ts'

export type EngineChoice = 'auto' | EngineKind

/** The engine that `auto` means on this host, with the reason where it is not epoll. */
export function chooseEngine(choice: EngineChoice): { kind: EngineKind; why: string } {
  if (choice !== 'auto') return { kind: choice, why: '' }
  const load = loadShim()
  return 'shim' in load ? { kind: 'epoll', why: '' } : { kind: 'node', why: load.missing }
}

/** Throws PUSHCTL_ENGINE_UNAVAILABLE where `epoll` is asked for and does not load. */
export function createEngine(
  choice: EngineChoice,
  options: EngineOptions,
  handler: EngineHandler,
): SocketEngine {
  return chooseEngine(choice).kind === 'epoll'
    ? new EpollEngine(options, handler)
    : new NodeEngine(options, handler)
}

/**
 * Asks the engine to count bytes as the kernel does, where it can; the answer counts all since
 * then. Where it cannot, what it wrote to its streams and read from them must do.
 */
export function countKernelBytes(engine: SocketEngine): () => KernelBytes {
  if (!(engine instanceof EpollEngine)) {
    return () => ({ acked: engine.counters.bytesSent, received: engine.counters.bytesReceived })
  }
  engine.countKernelBytes()
  return () => engine.kernelBytes()
}

/** A timer exact to some 10 µs; null where the engine has none, and timers of the loop must do. */
export function openAlarm(engine: SocketEngine, onAlarm: () => void): Alarm | null {
  return engine instanceof EpollEngine ? engine.openAlarm(onAlarm) : null
}
