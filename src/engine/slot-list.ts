/**
 * A growing list of slots that is emptied and reused every turn, so that nothing is allocated while
 * it is in use.
 */
export class SlotList {
  slots = new Int32Array(64)
  count = 0

  push(slot: number): void {
    if (this.count === this.slots.length) {
      const larger = new Int32Array(this.slots.length * 2)
      larger.set(this.slots)
      this.slots = larger
    }
    this.slots[this.count++] = slot
  }

  clear(): void {
    this.count = 0
  }
}

/** Connections that ended, each with its reason and errno. */
export class ClosedList {
  readonly list = new SlotList()
  reasons = new Uint8Array(64)
  errnos = new Int32Array(64)

  get count(): number {
    return this.list.count
  }

  push(slot: number, reason: number, errno: number): void {
    const at = this.list.count
    this.list.push(slot)
    if (this.list.slots.length > this.reasons.length) {
      const reasons = new Uint8Array(this.list.slots.length)
      const errnos = new Int32Array(this.list.slots.length)
      reasons.set(this.reasons)
      errnos.set(this.errnos)
      this.reasons = reasons
      this.errnos = errnos
    }
    this.reasons[at] = reason
    this.errnos[at] = errno
  }

  /** Moves the rows that stay to the front; returns how many. */
  keepUnless(drops: (slot: number) => boolean): number {
    const { slots } = this.list
    let kept = 0
    for (let at = 0; at < this.list.count; at++) {
      if (drops(slots[at])) continue
      slots[kept] = slots[at]
      this.reasons[kept] = this.reasons[at]
      this.errnos[kept] = this.errnos[at]
      kept++
    }
    return kept
  }
}
