/**
 * Writing to the host, one file at a time. Files of /proc and /sys take exactly one write and
 * answer with an error of the kernel; real files are replaced as a whole, so that a crash leaves
 * the old or the new one.
 */
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder } from '../../config/make-folder.ts'

export interface HostFiles {
  /** null: no such file. Any other trouble throws. */
  read(path: string): Promise<string | null>
  write(path: string, content: string): Promise<void>
  remove(path: string): Promise<void>
}

/** `root` stands before every path; "" or "/" is this host. */
export function hostFiles(root = ''): HostFiles {
  const placeOf = (path: string): string => (root === '' ? path : join(root, path))
  return {
    async read(path) {
      try {
        return await readFile(placeOf(path), 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    async write(path, content) {
      if (isKernelFile(path)) await writeFile(placeOf(path), content)
      else await replaceFile(placeOf(path), content)
    },
    async remove(path) {
      await rm(placeOf(path), { force: true })
    },
  }
}

export function isKernelFile(path: string): boolean {
  return path.startsWith('/proc/') || path.startsWith('/sys/')
}

/** Writes beside the place and renames, so that readers never see half a file. */
export async function replaceFile(place: string, content: string, mode = 0o644): Promise<void> {
  await makeFolder(dirname(place))
  const beside = `${place}.${process.pid}.new`
  await writeFile(beside, content)
  await chmod(beside, mode)
  await rename(beside, place)
}
