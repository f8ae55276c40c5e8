/**
 * Which devices of a shard carry which tag. A membership is a row ("edge") in two lists at once, so
 * binding, unbinding and forgetting a device are exact and cost no object per device.
 *
 *   edge │ slot │ tag │ next of slot │ next of tag │ previous of tag
 *      1 │   17 │   4 │            9 │           0 │               0      0 ends a list
 *
 * Only distinct tags are objects: one Map entry each, gone with their last member. Each also has
 * the keyed hash by which the log of broadcasts knows it.
 */
import { HashIndex } from './hash-index.ts'
import { TextHash } from './text-hash.ts'

const EDGES_AT_START = 1024
/** Where nobody else hashes tags. */
const NO_KEY = new Uint32Array(4)

export class TagIndex {
  readonly #tagIds = new Map<string, number>()
  readonly #names: string[] = ['']
  readonly #freeTagIds: number[] = []
  readonly #firstOfTag: number[] = [0]
  readonly #memberCounts: number[] = [0]
  /** By slot: first edge. Untouched for devices without tags. */
  readonly #firstOfSlot: Uint32Array
  #slotOf = new Int32Array(EDGES_AT_START)
  #tagOf = new Uint32Array(EDGES_AT_START)
  #nextOfSlot = new Uint32Array(EDGES_AT_START)
  #nextOfTag = new Uint32Array(EDGES_AT_START)
  #previousOfTag = new Uint32Array(EDGES_AT_START)
  #freeEdge = 0
  #usedEnd = 1
  /** Of the tags that readHashes() met. */
  readonly hashes = { highs: new Uint32Array(64), lows: new Uint32Array(64) }
  readonly #hash: TextHash
  /** By tag id. */
  readonly #highs: number[] = [0]
  readonly #lows: number[] = [0]
  readonly #idsByHash = new HashIndex({
    isKey: (tagId, high, low) => this.#lows[tagId] === low && this.#highs[tagId] === high,
    lowOf: (tagId) => this.#lows[tagId],
  })

  constructor(capacity: number, hashKey: Uint32Array = NO_KEY) {
    this.#firstOfSlot = new Uint32Array(capacity)
    this.#hash = new TextHash(hashKey)
  }

  /** Fills `hashes` with those of the slot's tags; returns how many. */
  readHashes(slot: number): number {
    const { highs, lows } = this.hashes
    let count = 0
    for (let edge = this.#firstOfSlot[slot]; edge !== 0; edge = this.#nextOfSlot[edge]) {
      const tagId = this.#tagOf[edge]
      highs[count] = this.#highs[tagId]
      lows[count] = this.#lows[tagId]
      if (++count === highs.length) break
    }
    return count
  }

  hasHash(slot: number, high: number, low: number): boolean {
    const tagId = this.#idsByHash.find(high, low)
    return tagId !== 0 && this.#findEdge(slot, tagId) !== 0
  }

  /** As membersOf(), for a tag of which only the hash is known. */
  membersOfHash(high: number, low: number): Int32Array {
    const tagId = this.#idsByHash.find(high, low)
    return tagId === 0 ? new Int32Array(0) : this.membersOf(this.#names[tagId])
  }

  /** False where the slot already carries it. */
  bind(slot: number, tag: string): boolean {
    let tagId = this.#tagIds.get(tag)
    if (tagId !== undefined && this.#findEdge(slot, tagId) !== 0) return false
    tagId ??= this.#addTag(tag)
    const edge = this.#claimEdge()
    this.#slotOf[edge] = slot
    this.#tagOf[edge] = tagId
    this.#nextOfSlot[edge] = this.#firstOfSlot[slot]
    this.#firstOfSlot[slot] = edge
    const first = this.#firstOfTag[tagId]
    this.#nextOfTag[edge] = first
    this.#previousOfTag[edge] = 0
    if (first !== 0) this.#previousOfTag[first] = edge
    this.#firstOfTag[tagId] = edge
    this.#memberCounts[tagId]++
    return true
  }

  unbind(slot: number, tag: string): boolean {
    const tagId = this.#tagIds.get(tag)
    if (tagId === undefined) return false
    let before = 0
    for (let edge = this.#firstOfSlot[slot]; edge !== 0; edge = this.#nextOfSlot[edge]) {
      if (this.#tagOf[edge] === tagId) {
        if (before === 0) this.#firstOfSlot[slot] = this.#nextOfSlot[edge]
        else this.#nextOfSlot[before] = this.#nextOfSlot[edge]
        this.#releaseEdge(edge)
        return true
      }
      before = edge
    }
    return false
  }

  has(slot: number, tag: string): boolean {
    const tagId = this.#tagIds.get(tag)
    return tagId !== undefined && this.#findEdge(slot, tagId) !== 0
  }

  /** The device is gone. */
  forget(slot: number): void {
    let edge = this.#firstOfSlot[slot]
    if (edge === 0) return
    this.#firstOfSlot[slot] = 0
    while (edge !== 0) {
      const next = this.#nextOfSlot[edge]
      this.#releaseEdge(edge)
      edge = next
    }
  }

  countOf(slot: number): number {
    let count = 0
    for (let edge = this.#firstOfSlot[slot]; edge !== 0; edge = this.#nextOfSlot[edge]) count++
    return count
  }

  tagsOf(slot: number): string[] {
    const tags: string[] = []
    for (let edge = this.#firstOfSlot[slot]; edge !== 0; edge = this.#nextOfSlot[edge]) {
      tags.push(this.#names[this.#tagOf[edge]])
    }
    return tags.reverse()
  }

  /** All slots with the tag, as they are now. */
  membersOf(tag: string): Int32Array {
    const tagId = this.#tagIds.get(tag)
    if (tagId === undefined) return new Int32Array(0)
    const members = new Int32Array(this.#memberCounts[tagId])
    let count = 0
    for (let edge = this.#firstOfTag[tagId]; edge !== 0; edge = this.#nextOfTag[edge]) {
      members[count++] = this.#slotOf[edge]
    }
    return members
  }

  /** Distinct tags in use. */
  get tagCount(): number {
    return this.#tagIds.size
  }

  #findEdge(slot: number, tagId: number): number {
    let edge = this.#firstOfSlot[slot]
    while (edge !== 0 && this.#tagOf[edge] !== tagId) edge = this.#nextOfSlot[edge]
    return edge
  }

  #addTag(tag: string): number {
    const tagId = this.#freeTagIds.pop() ?? this.#names.length
    this.#tagIds.set(tag, tagId)
    this.#names[tagId] = tag
    this.#firstOfTag[tagId] = 0
    this.#memberCounts[tagId] = 0
    this.#hash.hash(tag)
    this.#highs[tagId] = this.#hash.high
    this.#lows[tagId] = this.#hash.low
    this.#idsByHash.put(this.#hash.high, this.#hash.low, tagId)
    return tagId
  }

  /** Takes the edge out of its tag's list; the slot's list is the caller's. */
  #releaseEdge(edge: number): void {
    const tagId = this.#tagOf[edge]
    const next = this.#nextOfTag[edge]
    const previous = this.#previousOfTag[edge]
    if (previous === 0) this.#firstOfTag[tagId] = next
    else this.#nextOfTag[previous] = next
    if (next !== 0) this.#previousOfTag[next] = previous
    if (--this.#memberCounts[tagId] === 0) {
      this.#idsByHash.remove(this.#highs[tagId], this.#lows[tagId])
      this.#tagIds.delete(this.#names[tagId])
      this.#names[tagId] = ''
      this.#freeTagIds.push(tagId)
    }
    this.#nextOfSlot[edge] = this.#freeEdge
    this.#freeEdge = edge
  }

  #claimEdge(): number {
    const edge = this.#freeEdge
    if (edge !== 0) {
      this.#freeEdge = this.#nextOfSlot[edge]
      return edge
    }
    if (this.#usedEnd === this.#slotOf.length) this.#grow()
    return this.#usedEnd++
  }

  #grow(): void {
    const count = this.#slotOf.length * 2
    const slotOf = new Int32Array(count)
    slotOf.set(this.#slotOf)
    this.#slotOf = slotOf
    this.#tagOf = grown(this.#tagOf, count)
    this.#nextOfSlot = grown(this.#nextOfSlot, count)
    this.#nextOfTag = grown(this.#nextOfTag, count)
    this.#previousOfTag = grown(this.#previousOfTag, count)
  }
}

function grown(array: Uint32Array, count: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(count)
  larger.set(array)
  return larger
}
