/**
 * Names of all keys and channels of a cluster; docs/cluster.md describes what is in each. The part
 * in braces is the hash tag of Redis Cluster: all of one device is in one slot, and all that
 * belongs to nobody is in another.
 */

/** The form of keys and values. Nodes of another form refuse to join. */
export const KEY_FORMAT = 1

export class KeyNames {
  readonly meta: string
  readonly nodes: string
  readonly log: string
  readonly logHead: string
  readonly logStates: string
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.meta = `${prefix}:{c}:meta`
    this.nodes = `${prefix}:{c}:nodes`
    this.log = `${prefix}:{c}:log`
    this.logHead = `${prefix}:{c}:log-head`
    this.logStates = `${prefix}:{c}:log-states`
  }

  /** Where a device is, and the numbers of its inbox. */
  device(hash: string): string {
    return `${this.#prefix}:d:{${hash}}`
  }

  /** Its pending messages. */
  inbox(hash: string): string {
    return `${this.#prefix}:i:{${hash}}`
  }

  /** A stored push of this idempotency key has been made to the device. */
  once(hash: string, id: string): string {
    return `${this.#prefix}:k:{${hash}}:${id}`
  }

  logOnce(id: string): string {
    return `${this.#prefix}:{c}:k:${id}`
  }

  /** Devices and sequence numbers of a push to several. */
  receipt(id: string): string {
    return `${this.#prefix}:r:{${id}}`
  }

  logCounts(seq: number): string {
    return `${this.#prefix}:{c}:log-counts:${seq}`
  }

  /** Channel of one node. */
  channel(nodeName: string): string {
    return `${this.#prefix}:to:{${nodeName}}`
  }
}

/** The 64-bit hash of a device id as it stands in keys: 16 hexadecimal digits. */
export function hashText(high: number, low: number): string {
  return hex8(high) + hex8(low)
}

function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
