/**
 * The LevelDB folder itself: opening it, its format version and hash key, and what can be wrong
 * with it in words for people. classic-level is loaded only by a node that has a folder.
 */
import { randomFillSync } from 'node:crypto'
import type { ClassicLevel } from 'classic-level'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { META_KEY } from './level-keys.ts'

/** Changes when a node of today could not read what was written. */
const FORMAT_VERSION = 3
const META_BYTES = 20
const CACHE_BYTES = 16 << 20

export type View = Uint8Array

export interface LevelFolder {
  readonly path: string
  readonly hashKey: Uint32Array
  readonly level: ClassicLevel<View, View>
  /** Closes and opens it again. */
  reopen(): Promise<void>
}

/** Throws PUSHCTL_STORE_LOCKED or PUSHCTL_STORE_UNUSABLE. */
export async function openLevel(path: string): Promise<LevelFolder> {
  const { ClassicLevel } = await import('classic-level')
  const level = new ClassicLevel<View, View>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    // Payloads are small and often compressed or encrypted already.
    compression: false,
    cacheSize: CACHE_BYTES,
  })
  try {
    await level.open()
  } catch (cause) {
    throw openError(path, cause)
  }
  const folder = {
    path,
    level,
    hashKey: await readMeta(level, path),
    async reopen() {
      await level.close()
      await level.open()
    },
  }
  return folder
}

/** The hash key of the folder; makes both in a new folder. */
async function readMeta(level: ClassicLevel<View, View>, path: string): Promise<Uint32Array> {
  try {
    const stored = await level.get(META_KEY)
    if (stored === undefined) {
      const meta = new Uint32Array(META_BYTES / 4)
      randomFillSync(meta)
      meta[0] = FORMAT_VERSION
      await level.put(META_KEY, new Uint8Array(meta.buffer), { sync: true })
      return meta.slice(1)
    }
    const meta = new Uint32Array(stored.slice().buffer)
    if (meta.length === META_BYTES / 4 && meta[0] === FORMAT_VERSION) return meta.slice(1)
    throw new PushctlError(
      'PUSHCTL_STORE_UNUSABLE',
      `expected a store of format ${FORMAT_VERSION} in ${path}, got ${meta[0]}`,
      { why: 'it was written by another version of pushctl', tries: ['--data-dir NEW-FOLDER'] },
    )
  } catch (cause) {
    await level.close().catch(() => {})
    throw cause instanceof PushctlError ? cause : openError(path, cause)
  }
}

/** What is wrong with a folder that could not be opened, or not be read. */
export function openError(path: string, cause: unknown): PushctlError {
  const inner = (cause as Error).cause ?? cause
  const { code, message } = inner as { code?: string; message?: string }
  if (code === 'LEVEL_LOCKED') {
    const text = `--data-dir must be free, got ${path}, which another process holds`
    return new PushctlError('PUSHCTL_STORE_LOCKED', text, {
      why: 'one node at a time may write to a store',
      tries: ['stop the other node', '--data-dir with a folder of its own'],
      cause,
    })
  }
  const text = `--data-dir must be a folder that can be written, got ${path}: ${message}`
  return new PushctlError('PUSHCTL_STORE_UNUSABLE', text, {
    tries: [`ls -ld ${path}`, 'df -h'],
    cause,
  })
}
