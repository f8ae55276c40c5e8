/**
 * The listeners of an epoll engine, and when they may accept. A listener that can not accept now
 * (table full, no descriptor left, paused) is taken out of the epoll set: level-triggered, it would
 * wake the loop without end, while the kernel keeps the connections in the accept queue.
 */
import { constants } from 'node:os'
import { PushctlError } from '../errors/pushctl-error.ts'
import { type ConnectionTable, PHASE } from './connection-table.ts'
import type { NativeShim, ShimHandle } from './native-shim.ts'
import { SlotList } from './slot-list.ts'
import type { Listener, ListenOptions } from './socket-engine.ts'

const { EAGAIN, EADDRINUSE, EADDRNOTAVAIL, EACCES } = constants.errno
/** Connections taken in one call, and in one turn from one listener. */
const ACCEPT_BATCH = 64
const ACCEPTS_PER_TURN_MAX = 1024
/**
 * Descriptors may be freed by somebody else, so a deferred accept is tried again without being
 * asked.
 */
const RETRY_MS = 100

interface OpenListener extends Listener {
  readonly fd: number
  watched: boolean
}

export class ListenerTable {
  /** Did the last accept() stop because of a full table or a missing descriptor? */
  wasDeferred = false

  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #listeners: OpenListener[] = []
  readonly #accepted = new SlotList()
  readonly #claimed = new Int32Array(ACCEPT_BATCH)
  readonly #errors = new Int32Array(1)
  readonly #runTurn: () => void
  #paused = false
  #deferred = false
  #quota = Number.POSITIVE_INFINITY
  #retry: NodeJS.Timeout | undefined

  constructor(shim: NativeShim, handle: ShimHandle, runTurn: () => void) {
    this.#shim = shim
    this.#handle = handle
    this.#runTurn = runTurn
  }

  open(options: ListenOptions): Listener {
    if (options.tls) {
      throw new PushctlError(
        'PUSHCTL_ENGINE_UNAVAILABLE',
        'the epoll engine speaks plain TCP only, TLS was asked for',
        { tries: ['--engine node'] },
      )
    }
    const address = new Uint8Array(32)
    const addressBytes = this.#shim.encodeAddress(options.host, options.port, address)
    const id = this.#listeners.length
    const fd = this.#shim.listen(
      this.#handle,
      address,
      addressBytes,
      options.backlog,
      options.reusePort ? 1 : 0,
      id,
    )
    if (fd < 0) throw listenError(options, -fd)
    const local = this.#shim.addressOf(fd, 0)
    const port = Number(local.slice(local.lastIndexOf(':') + 1))
    const listener = { id, host: options.host, port, fd, watched: true }
    this.#listeners.push(listener)
    if (!this.#mayAccept) this.#watch(listener, false)
    return { id, host: options.host, port }
  }

  close(listenerId: number): void {
    const listener = this.#listeners[listenerId]
    if (!listener || listener.fd < 0) return
    this.#shim.closeDescriptor(listener.fd)
    this.#listeners[listenerId] = { ...listener, fd: -1, watched: false }
  }

  pause(): void {
    this.#paused = true
    this.#watchAll()
  }

  resume(): void {
    this.#paused = false
    this.#deferred = false
    this.#watchAll()
  }

  /** So many may be accepted from now on, over all listeners. */
  setQuota(count: number): void {
    this.#quota = count
    this.#watchAll()
  }

  /** Rows or descriptors became free. */
  resumeDeferred(): void {
    if (this.#deferred && !this.#paused) this.resume()
  }

  /** Takes what waits; the slots are valid until the next call. */
  accept(listenerId: number, table: ConnectionTable): SlotList {
    const listener = this.#listeners[listenerId]
    const accepted = this.#accepted
    accepted.clear()
    this.wasDeferred = false
    while (listener.fd >= 0 && listener.watched && accepted.count < ACCEPTS_PER_TURN_MAX) {
      const wanted = Math.min(ACCEPT_BATCH, this.#quota, table.freeCount)
      if (wanted === 0) {
        this.#defer()
        break
      }
      for (let i = 0; i < wanted; i++) this.#claimed[i] = table.claimSlot(PHASE.OPEN)
      const count = this.#shim.accept(
        this.#handle,
        listener.fd,
        this.#claimed,
        wanted,
        this.#errors,
      )
      for (let i = 0; i < count; i++) accepted.push(this.#claimed[i])
      this.#quota -= count
      if (this.#quota === 0) this.#watchAll()
      for (let i = wanted - 1; i >= count; i--) table.unclaimSlot(this.#claimed[i])
      if (this.#errors[0] !== 0 && this.#errors[0] !== EAGAIN) this.#defer()
      if (count < wanted) break
    }
    return accepted
  }

  destroy(): void {
    clearTimeout(this.#retry)
    for (const listener of this.#listeners) this.close(listener.id)
  }

  #defer(): void {
    this.wasDeferred = true
    this.#deferred = true
    this.#watchAll()
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.resumeDeferred()
      this.#runTurn()
    }, RETRY_MS).unref()
  }

  get #mayAccept(): boolean {
    return !this.#paused && !this.#deferred && this.#quota > 0
  }

  #watchAll(): void {
    for (const listener of this.#listeners) this.#watch(listener, this.#mayAccept)
  }

  #watch(listener: OpenListener, on: boolean): void {
    if (listener.fd < 0 || listener.watched === on) return
    listener.watched = on
    this.#shim.watchListener(this.#handle, listener.fd, listener.id, on ? 1 : 0)
  }
}

function listenError(options: ListenOptions, errno: number): PushctlError {
  const at = `${options.host}:${options.port}`
  if (errno === EADDRINUSE) {
    return new PushctlError('PUSHCTL_ADDRESS_IN_USE', `expected a free port, ${at} is in use`, {
      tries: [`ss -Htlnp 'sport = :${options.port}'   (shows who listens there)`],
    })
  }
  if (errno === EADDRNOTAVAIL) {
    return new PushctlError(
      'PUSHCTL_ADDRESS_UNAVAILABLE',
      `expected an address of this host, got ${at}`,
      { tries: ['ip -brief address   (shows the addresses of this host)'] },
    )
  }
  if (errno === EACCES) {
    return new PushctlError('PUSHCTL_PRIVILEGE', `${at} may not be opened by this user`, {
      why: 'ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE',
      tries: ['a port of 1024 or above'],
    })
  }
  return new PushctlError('PUSHCTL_DESCRIPTORS', `listening on ${at} failed with errno ${errno}`)
}
