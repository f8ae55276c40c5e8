/**
 * The two shapes of a capture: a folder on disk, and files held in memory (what ssh brought, what a
 * test made up).
 */
import { open, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fact, known, unknown } from '../fact.ts'
import type { CaptureTree } from './captured-source.ts'
import { readFailure } from './read-failure.ts'

export class FolderTree implements CaptureTree {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async readText(path: string, bytesMax: number): Promise<Fact<string>> {
    try {
      const file = await open(join(this.#root, path), 'r')
      try {
        const { size } = await file.stat()
        if (size > bytesMax) return unknown(`is longer than ${bytesMax} bytes`, path)
        return known(await file.readFile('utf8'), path)
      } finally {
        await file.close()
      }
    } catch (error) {
      return unknown(readFailure(error), path)
    }
  }

  async list(folder: string): Promise<readonly string[] | null> {
    return readdir(join(this.#root, folder)).catch(() => null)
  }

  async readLink(path: string): Promise<string | null> {
    return readlink(join(this.#root, path)).catch(() => null)
  }
}

export class MemoryTree implements CaptureTree {
  readonly #files: ReadonlyMap<string, string>

  /** Keys are relative paths: "proc/net/sockstat". */
  constructor(files: ReadonlyMap<string, string>) {
    this.#files = files
  }

  readText(path: string, bytesMax: number): Promise<Fact<string>> {
    const text = this.#files.get(path)
    if (text === undefined) return Promise.resolve(unknown('does not exist here', path))
    if (text.length > bytesMax) {
      return Promise.resolve(unknown(`is longer than ${bytesMax} bytes`, path))
    }
    return Promise.resolve(known(text, path))
  }

  list(folder: string): Promise<readonly string[] | null> {
    const start = `${folder}/`
    const names = new Set<string>()
    for (const path of this.#files.keys()) {
      if (path.startsWith(start)) names.add(path.slice(start.length).split('/')[0] ?? '')
    }
    return Promise.resolve(names.size > 0 ? [...names] : null)
  }

  readLink(): Promise<null> {
    return Promise.resolve(null)
  }
}
