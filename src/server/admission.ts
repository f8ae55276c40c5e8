/**
 * Who may come in. The main thread decides for all shards, because a device's next connection may
 * land on any of them: the newer HELLO wins, and the older connection is told so (4001). Decides a
 * batch at once; only token checks are async.
 */
import { BYE, byeReason } from '../protocol/frame-types.ts'
import type { Directory } from './directory.ts'
import type { DeviceVerifier } from './node-options.ts'
import type { RunningShard } from './shard-group.ts'
import type { ShardUp } from './shard-messages.ts'

type Hellos = Extract<ShardUp, { kind: 'hellos' }>

export interface AdmissionParts {
  readonly directory: Directory
  readonly shards: readonly RunningShard[]
  readonly connectionsMax: number
  readonly verifyDevice: DeviceVerifier | null
}

export class Admission {
  accepted = 0
  readonly refused: Record<string, number> = {}
  /** BYE for every HELLO while it is not 0: the node drains. */
  closedWith = 0
  readonly #parts: AdmissionParts
  readonly #text = new TextDecoder()
  #lastSessionId = 0

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  decide(shard: RunningShard, hellos: Hellos): void {
    for (let row = 0; row < hellos.slots.length; row++) {
      if (this.#parts.verifyDevice === null) this.#decideRow(shard, hellos, row)
      else void this.#verifyRow(this.#parts.verifyDevice, shard, hellos, row)
    }
  }

  async #verifyRow(
    verify: DeviceVerifier,
    shard: RunningShard,
    hellos: Hellos,
    row: number,
  ): Promise<void> {
    const { texts, textEnds } = hellos
    const idStart = row === 0 ? 0 : textEnds[2 * row - 1]
    const id = this.#text.decode(texts.subarray(idStart, textEnds[2 * row]))
    const token = this.#text.decode(texts.subarray(textEnds[2 * row], textEnds[2 * row + 1]))
    const verdict = await verify(token, id).catch(() => 'the token could not be checked')
    if (verdict === true) this.#decideRow(shard, hellos, row)
    else this.#refuse(shard, hellos, row, BYE.UNAUTHORIZED)
  }

  #decideRow(shard: RunningShard, hellos: Hellos, row: number): void {
    const { directory, shards, connectionsMax } = this.#parts
    const slot = hellos.slots[row]
    const generation = hellos.generations[row]
    const high = hellos.hashes[2 * row]
    const low = hellos.hashes[2 * row + 1]
    if (this.closedWith !== 0) return this.#refuse(shard, hellos, row, this.closedWith)
    if (directory.count >= connectionsMax && !directory.find(high, low)) {
      return this.#refuse(shard, hellos, row, BYE.NODE_FULL)
    }
    if (directory.put(high, low, shard.index, slot, generation)) {
      shards[directory.shard].batch.addClose(directory.slot, directory.generation, BYE.REPLACED)
    }
    this.#lastSessionId = (this.#lastSessionId + 1) >>> 0
    this.accepted++
    shard.batch.addVerdict(slot, generation, 0, this.#lastSessionId)
  }

  #refuse(shard: RunningShard, hellos: Hellos, row: number, code: number): void {
    const reason = byeReason(code)
    this.refused[reason] = (this.refused[reason] ?? 0) + 1
    shard.batch.addVerdict(hellos.slots[row], hellos.generations[row], code, 0)
  }
}
