/**
 * The journal on disk: records one behind the other in segments of 1 MiB. A segment whose records
 * are all folded is begun anew, so a busy journal makes no files and deletes none.
 *
 *   00000001 │ 41 007 │ 41 008 │ …           in use: holds what is not folded
 *   00000002 │ 41 211 │ 41 212 │ ◄ next      being written
 *   00000003 │ (old records)                 free
 *
 * LevelDB's log was the journal before. LevelDB copies its log into tables and deletes files while
 * writers wait, for records that are acked by then (docs/storage.md has the figures).
 */
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Frame } from './journal-frame.ts'
import { JournalSegment } from './journal-segment.ts'

/** A segment has that many at the most, or one record that is larger. */
export const SEGMENT_BYTES = 1 << 20
/** What a peak needed beyond that is given back to the disk. */
const FREE_MAX = 8
const NAME_DIGITS = 8
const NAME = new RegExp(`^\\d{${NAME_DIGITS}}$`)

export class JournalFiles {
  readonly #folder: string
  /** In the order in which they were begun. */
  readonly #inUse: JournalSegment[] = []
  readonly #free: JournalSegment[] = []
  /**
   * The one that is written: the last in use. What an earlier process began is not gone on with.
   */
  #current: JournalSegment | null = null
  #lastName = 0
  #generation = 0
  readonly #removals = new Set<Promise<void>>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Makes the folder where there is none. `records`: from `firstNumber` on (those below are
   * folded), in order, without gaps up to where there are none; `lostNumber` is one that is missing
   * before others, 0 where none is.
   */
  static async open(
    folder: string,
    firstNumber: number,
  ): Promise<{ files: JournalFiles; records: readonly Frame[]; lostNumber: number }> {
    await mkdir(folder, { recursive: true })
    const files = new JournalFiles(folder)
    const names = (await readdir(folder)).filter((name) => NAME.test(name))
    const found = await Promise.all(names.map((name) => JournalSegment.read(join(folder, name))))
    found.sort((a, b) => a.segment.generation - b.segment.generation)
    const byNumber = new Map<number, Frame>()
    for (const { segment, frames } of found) {
      // Of two with one number the later one counts: the write of the other had failed.
      for (const frame of frames) {
        if (frame.number >= firstNumber) byNumber.set(frame.number, frame)
      }
      if (segment.lastNumber >= firstNumber) files.#inUse.push(segment)
      else files.#setFree(segment)
      files.#generation = Math.max(files.#generation, segment.generation)
    }
    files.#lastName = Math.max(0, ...names.map(Number))
    const records: Frame[] = []
    for (let frame; (frame = byNumber.get(firstNumber + records.length)); ) records.push(frame)
    const lostNumber = records.length < byNumber.size ? firstNumber + records.length : 0
    return { files, records, lostNumber }
  }

  /**
   * A record with room for the header of its frame before it. Resolves when the disk has it; after
   * a failure the same number comes again.
   */
  async append(frame: Uint8Array, number: number): Promise<void> {
    const endByte = (this.#current?.endByte ?? SEGMENT_BYTES) + frame.length
    if (endByte > SEGMENT_BYTES || this.#current === null) this.#current = await this.#begin()
    const segment = this.#current
    try {
      await segment.append(frame, number)
    } catch (cause) {
      // The next one goes elsewhere: this place may be what is wrong.
      this.#current = null
      if (segment.lastNumber === 0) this.#remove(this.#inUse.pop() as JournalSegment)
      throw cause
    }
  }

  /** Records up to this number are folded. */
  release(number: number): void {
    for (;;) {
      const oldest = this.#inUse[0]
      if (oldest === undefined || oldest === this.#current || oldest.lastNumber > number) return
      this.#inUse.shift()
      this.#setFree(oldest)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#removals)
    await Promise.all([...this.#inUse, ...this.#free].map((segment) => segment.close()))
  }

  async #begin(): Promise<JournalSegment> {
    const segment = this.#free.shift() ?? (await this.#make())
    segment.begin(++this.#generation)
    this.#inUse.push(segment)
    return segment
  }

  async #make(): Promise<JournalSegment> {
    const name = String(++this.#lastName).padStart(NAME_DIGITS, '0')
    const segment = await JournalSegment.make(join(this.#folder, name))
    try {
      // Its name is in the folder only once that is written too.
      const folder = await open(this.#folder)
      await folder.sync().finally(() => folder.close())
      return segment
    } catch (cause) {
      this.#remove(segment)
      throw cause
    }
  }

  /** Kept for what comes, unless it is too large or one too many. */
  #setFree(segment: JournalSegment): void {
    if (segment.bytes <= SEGMENT_BYTES && this.#free.length < FREE_MAX) {
      this.#free.push(segment)
      return
    }
    this.#remove(segment)
  }

  #remove(segment: JournalSegment): void {
    const removal = segment.remove().catch(() => {})
    this.#removals.add(removal)
    void removal.finally(() => this.#removals.delete(removal))
  }
}
