/**
 * The load client (peers/c-client.c), pinned to a core of its own. Every operation answers with
 * its wall time and the client's own CPU time, so that a client that was the limit can be seen.
 */
import { LineProcess } from './lines.js'

/** New connections under way at one time: far below any accept queue. */
const CONNECTS_IN_FLIGHT = 256
const GRACE_S = 10

export class LoadClient {
  #process

  constructor({ program, core }) {
    this.#process = new LineProcess({ command: [program], core })
  }

  /** `wire` as wireOf() made it. */
  async aim(wire, port) {
    const options = {
      port,
      carrier: wire.carrier,
      count: wire.countByte,
      id_at: wire.idAt,
      id_digits: wire.idDigits,
      upgrade: wire.upgrade.toString('hex'),
      hello: wire.hello.toString('hex'),
    }
    await this.#run('target', options, 5)
  }

  /** Opens more connections; each is counted when its HELLO is answered. */
  async connect(count, timeoutS = 120) {
    const result = await this.#run('connect', { n: count, inflight: CONNECTS_IN_FLIGHT }, timeoutS)
    if (result.done === count) return result
    throw new Error(`${result.done} of ${count} connections were answered: ${reasonOf(result)}`)
  }

  /** Resets all connections at once (RST: nothing stays in TIME_WAIT). */
  reset() {
    return this.#run('reset', {}, 5)
  }

  /** Starts counting frames from zero. */
  zero() {
    return this.#run('zero', {}, 5)
  }

  /** Resolves when `total` frames came since zero(). */
  async expect(total, timeoutS = 30) {
    const result = await this.#run('expect', { total }, timeoutS)
    if (!result.timedOut) return result
    throw new Error(`${result.frames} of ${total} frames came: ${reasonOf(result)}`)
  }

  /**
   * Closed loop: `window` messages under way on each of `connections`, until `messages` came
   * back.
   */
  async echo({ frame, connections, window, messages }, timeoutS = 60) {
    const options = { messages, connections, window, frame: frame.toString('hex') }
    const result = await this.#run('echo', options, timeoutS)
    if (!result.timedOut) return result
    throw new Error(`${result.done} of ${messages} echoes came: ${reasonOf(result)}`)
  }

  stop() {
    return this.#process.stop()
  }

  #run(operation, options, timeoutS) {
    const words = Object.entries(options).map(([name, value]) => `${name}=${value}`)
    const line = [operation, ...words, `timeout=${timeoutS}`].join(' ')
    return this.#process.ask(line, timeoutS + GRACE_S)
  }
}

function reasonOf(result) {
  const causes = [
    result.closedByPeer > 0 ? `${result.closedByPeer} closed by the server` : '',
    result.lastCloseCode > 0 ? `last close or BYE code ${result.lastCloseCode}` : '',
    result.lastErrno,
    result.otherFrames > 0 ? `${result.otherFrames} other frames` : '',
  ].filter(Boolean)
  return causes.join(', ') || 'timed out'
}
