/**
 * The nodes as last read, and of this node what it knows itself: while Redis is away its lease
 * still reads as it was, and the node is fenced. Others are shown as they were.
 */
import type { ClusterView, NodeRecord } from './node-record.ts'

export class FencedView implements ClusterView {
  readonly #view: ClusterView
  readonly #isFenced: () => boolean
  #read: readonly NodeRecord[] = []
  #shown: readonly NodeRecord[] | null = null

  constructor(view: ClusterView, isFenced: () => boolean) {
    this.#view = view
    this.#isFenced = isFenced
  }

  get selfName(): string {
    return this.#view.selfName
  }

  /** The same array until something changes: rankings are made anew with another one. */
  nodes(): readonly NodeRecord[] {
    const read = this.#view.nodes()
    if (!this.#isFenced()) return read
    if (this.#shown === null || read !== this.#read) {
      this.#read = read
      this.#shown = read.map((node) => this.#asItIs(node))
    }
    return this.#shown
  }

  #asItIs(node: NodeRecord): NodeRecord {
    return node.name === this.selfName ? { ...node, state: 'fenced' } : node
  }
}
