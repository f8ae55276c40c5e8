/**
 * Alarms of an epoll engine: timerfds in its own epoll set, for whoever must act at a µs and not at
 * a millisecond. An alarm rings inside the engine's turn, before the sockets of that turn are read.
 * Costs a descriptor each, and a system call each time it is set.
 */
import { ALARM_KEYS, type NativeShim, type ShimHandle } from './native-shim.ts'

export interface Alarm {
  /** Rings once at this time of nowUs(), at once where it has passed; a new time replaces it. */
  setAtUs(us: number): void
  /** One that had rung already but was not heard may still be. */
  cancel(): void
}

/** Keys of alarms lie below those of any number of listeners. */
const ALARMS_MAX = 1_024

export class AlarmTable {
  readonly #shim: NativeShim
  readonly #handle: ShimHandle
  readonly #fds: number[] = []
  readonly #callbacks: (() => void)[] = []

  constructor(shim: NativeShim, handle: ShimHandle) {
    this.#shim = shim
    this.#handle = handle
  }

  /** null where no descriptor is left. */
  open(onAlarm: () => void): Alarm | null {
    const id = this.#fds.length
    if (id === ALARMS_MAX) return null
    const fd = this.#shim.openAlarm(this.#handle, id)
    if (fd < 0) return null
    this.#fds.push(fd)
    this.#callbacks.push(onAlarm)
    return {
      setAtUs: (us) => this.#set(id, us),
      cancel: () => this.#set(id, 0),
    }
  }

  isAlarm(key: number): boolean {
    return key < ALARM_KEYS + ALARMS_MAX
  }

  ring(key: number): void {
    this.#callbacks[key - ALARM_KEYS]?.()
  }

  destroy(): void {
    for (const fd of this.#fds.splice(0)) this.#shim.closeDescriptor(fd)
  }

  #set(id: number, us: number): void {
    // After the end of the engine its number may be somebody else's.
    if (id < this.#fds.length) this.#shim.setAlarm(this.#handle, id, this.#fds[id], us)
  }
}
