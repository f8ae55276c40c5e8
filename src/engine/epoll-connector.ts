/**
 * Outgoing connections of the epoll engine: started in batches, established or failed when epoll
 * says that they are writable. A failure at once is told like a later one, never inside start().
 */
import { type ConnectionTable, PHASE } from './connection-table.ts'
import { type NativeShim, SHIM_BATCH, type ShimHandle } from './native-shim.ts'
import { SlotList } from './slot-list.ts'
import type { ConnectOptions, EngineCounters, EngineHandler, Slot } from './socket-engine.ts'

/** struct sockaddr_in6 is 28 bytes. */
const ADDRESS_BYTES_MAX = 32

export class EpollConnector {
  readonly #table: ConnectionTable
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #counters: EngineCounters
  readonly #onFailed: (slot: Slot, errno: number) => void
  readonly #errors = new Int32Array(SHIM_BATCH)
  readonly #toAddress = new Uint8Array(ADDRESS_BYTES_MAX)
  readonly #fromAddress = new Uint8Array(ADDRESS_BYTES_MAX)
  readonly #connected = new SlotList()

  constructor(
    table: ConnectionTable,
    shim: NativeShim,
    handle: ShimHandle,
    counters: EngineCounters,
    onFailed: (slot: Slot, errno: number) => void,
  ) {
    this.#table = table
    this.#shim = shim
    this.#handle = handle
    this.#counters = counters
    this.#onFailed = onFailed
  }

  /** See SocketEngine.connect(). */
  start(options: ConnectOptions, out: Int32Array, count: number): number {
    const addressBytes = this.#shim.encodeAddress(options.host, options.port, this.#toAddress)
    const from = options.source
    if (from) this.#shim.encodeAddress(from.host, from.port, this.#fromAddress)
    let started = 0
    while (started < count) {
      const batch = Math.min(count - started, SHIM_BATCH, this.#table.freeCount)
      if (batch === 0) break
      const slots = out.subarray(started, started + batch)
      for (let i = 0; i < batch; i++) slots[i] = this.#table.claimSlot(PHASE.CONNECTING)
      this.#shim.connect(
        this.#handle,
        this.#toAddress,
        this.#fromAddress,
        from ? 1 : 0,
        addressBytes,
        slots,
        batch,
        this.#errors,
      )
      for (let i = 0; i < batch; i++) {
        if (this.#errors[i] !== 0) this.#onFailed(slots[i], this.#errors[i])
      }
      started += batch
    }
    return started
  }

  /** The socket is writable or broken. True: the connection is established. */
  settle(slot: Slot): boolean {
    const errno = this.#shim.socketError(this.#handle, slot)
    if (errno !== 0) {
      this.#onFailed(slot, errno)
      return false
    }
    this.#table.phaseOf[slot] = PHASE.OPEN
    this.#counters.connected++
    this.#connected.push(slot)
    return true
  }

  /** Tells the handler of all that were established; false where there was none. */
  report(handler: EngineHandler): boolean {
    if (this.#connected.count === 0) return false
    handler.onConnect(this.#connected.slots, this.#connected.count)
    this.#connected.clear()
    return true
  }
}
