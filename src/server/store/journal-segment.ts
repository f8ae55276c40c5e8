/**
 * One file of the journal. Each record is one write that the disk confirms (O_DSYNC). The first use
 * of a segment makes it grow; those that follow write over its blocks, and then there is no block
 * to allocate, no length to note, and nothing of the file system's own to wait for.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises'
import {
  type Frame,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameEnd,
  readFrame,
  readHeader,
  sealFrame,
} from './journal-frame.ts'

const OPEN_FLAGS = constants.O_WRONLY | constants.O_DSYNC

export class JournalSegment {
  readonly path: string
  /** Of the file. */
  bytes: number
  generation = 0
  /** Number of its last record; 0: it has none. */
  lastNumber = 0
  /** Where the next frame goes. */
  endByte = 0
  #file: FileHandle | null = null

  private constructor(path: string, bytes: number) {
    this.path = path
    this.bytes = bytes
  }

  /** A file that is not there yet. Throws what the disk says. */
  static async make(path: string): Promise<JournalSegment> {
    const segment = new JournalSegment(path, 0)
    segment.#file = await open(path, OPEN_FLAGS | constants.O_CREAT | constants.O_EXCL)
    return segment
  }

  /** A file that is there, with the frames that are in it. */
  static async read(path: string): Promise<{ segment: JournalSegment; frames: readonly Frame[] }> {
    const { size } = await stat(path)
    const segment = new JournalSegment(path, size)
    const frames = framesOf(await readFile(path))
    segment.generation = frames.at(-1)?.generation ?? 0
    segment.lastNumber = frames.at(-1)?.number ?? 0
    return { segment, frames }
  }

  /** From its first byte on. */
  begin(generation: number): void {
    this.generation = generation
    this.lastNumber = 0
    this.endByte = 0
  }

  /** A record with room for a header before it. Resolves when the disk has it. */
  async append(frame: Uint8Array, number: number): Promise<void> {
    sealFrame(frame, number, this.generation)
    this.#file ??= await open(this.path, OPEN_FLAGS)
    await writeAll(this.#file, frame, this.endByte)
    this.endByte = frameEnd(this.endByte, frame.length - FRAME_HEADER_BYTES)
    this.lastNumber = number
    this.bytes = Math.max(this.bytes, this.endByte)
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  async remove(): Promise<void> {
    await this.close()
    await rm(this.path, { force: true })
  }
}

/**
 * Those of its newest use, oldest first. A write that a crash cut short is the last of them, so a
 * frame that is not whole with a whole one behind it is damaged: it is left out, and its number
 * will be missed.
 */
function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  let before: FrameHeader | null = null
  let at = 0
  for (;;) {
    const frame = readFrame(bytes, at)
    if (frame !== null && (before === null || isNext(frame, before))) {
      frames.push(frame)
      before = frame
    } else {
      const claimed = readHeader(bytes, at)
      if (claimed === null || (before !== null && !isNext(claimed, before))) return frames
      const behind = readFrame(bytes, frameEnd(at, claimed.length))
      if (behind === null || !isNext(behind, claimed)) return frames
      before = claimed
    }
    at = frameEnd(at, before.length)
  }
}

function isNext(header: FrameHeader, before: FrameHeader): boolean {
  return header.generation === before.generation && header.number === before.number + 1
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0
  while (at < bytes.length) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}
