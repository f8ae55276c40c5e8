/**
 * Loads the native add-on and gives its functions types. Missing compiler, other operating system,
 * or a binary that does not load: `loadShim()` says why and the node engine is used. Each function
 * is described in native/.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Must match BATCH_MAX in native/shim.h. */
export const SHIM_BATCH = 1024

/** Must match READY_… in native/shim.h. */
export const READY = { READABLE: 1, WRITABLE: 2, ENDED: 4, FAILED: 8 } as const

/**
 * Keys of wait(): slots from 0, listeners as ~listenerId, alarms from here on. Must match
 * ALARM_KEYS in native/shim.h.
 */
export const ALARM_KEYS = -0x8000_0000

/** Must match close() in native/connections.c. */
export const CLOSE_HOW = { CLOSE: 0, RESET: 1, END_OUR_SIDE: 2 } as const

declare const shimHandle: unique symbol
export type ShimHandle = { readonly [shimHandle]: true }

export interface NativeShim {
  open(fdOf: Int32Array, sendStateOf: Uint8Array, onReady: () => void): ShimHandle | number
  end(shim: ShimHandle): void
  rest(shim: ShimHandle, gapUs: number, restUs: number): void
  wait(shim: ShimHandle, slots: Int32Array, ready: Uint8Array): number
  listen(
    shim: ShimHandle,
    address: Uint8Array,
    addressBytes: number,
    backlog: number,
    reusePort: number,
    listenerId: number,
  ): number
  watchListener(shim: ShimHandle, fd: number, listenerId: number, on: number): void
  accept(
    shim: ShimHandle,
    listenerFd: number,
    freeSlots: Int32Array,
    max: number,
    errors: Int32Array,
  ): number
  connect(
    shim: ShimHandle,
    to: Uint8Array,
    from: Uint8Array,
    hasFrom: number,
    addressBytes: number,
    slots: Int32Array,
    count: number,
    errors: Int32Array,
  ): void
  socketError(shim: ShimHandle, slot: number): number
  receive(
    shim: ShimHandle,
    slots: Int32Array,
    ready: Uint8Array,
    from: number,
    count: number,
    starts: Int32Array,
    ends: Int32Array,
    results: Int32Array,
    arena: Uint8Array,
    arenaBytes: number,
  ): number
  send(
    shim: ShimHandle,
    slots: Int32Array,
    starts: Int32Array,
    ends: Int32Array,
    count: number,
    bytes: Uint8Array,
    sent: Int32Array,
  ): number
  sendWaiting(shim: ShimHandle, slot: number, bytes: Uint8Array, start: number, end: number): number
  sendSame(
    shim: ShimHandle,
    slots: Int32Array,
    from: number,
    count: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    sent: Int32Array,
  ): number
  close(shim: ShimHandle, slots: Int32Array, count: number, how: number): void
  closeDescriptor(fd: number): void
  openAlarm(shim: ShimHandle, alarmId: number): number
  setAlarm(shim: ShimHandle, alarmId: number, fd: number, atUs: number): void
  countBytes(shim: ShimHandle): void
  byteCount(shim: ShimHandle, totals: Float64Array): void
  encodeAddress(host: string, port: number, out: Uint8Array): number
  addressOf(fd: number, ofPeer: number): string
  trimHeap(): void
}

export type ShimLoad = { readonly shim: NativeShim } | { readonly missing: string }

let loaded: ShimLoad | undefined

export function loadShim(): ShimLoad {
  loaded ??= tryLoad()
  return loaded
}

function tryLoad(): ShimLoad {
  if (process.platform !== 'linux')
    return { missing: `it needs Linux, this is ${process.platform}` }
  if (process.env['PUSHCTL_NO_SHIM']) return { missing: 'PUSHCTL_NO_SHIM is set' }
  const require = createRequire(import.meta.url)
  let why = 'it was not built: no C compiler was found at install time'
  for (const file of candidateFiles()) {
    if (!existsSync(file)) continue
    try {
      return { shim: require(file) as NativeShim }
    } catch (error) {
      why = `${file} does not load: ${(error as Error).message}`
    }
  }
  return { missing: why }
}

/** Built on this machine first, then the one that came with the package. */
function candidateFiles(): string[] {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) {
    folder = dirname(folder)
  }
  return [
    join(folder, 'native', 'build', 'socket-shim.node'),
    join(folder, 'native', 'prebuilds', `linux-${process.arch}`, 'socket-shim.node'),
  ]
}
