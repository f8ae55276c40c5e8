/**
 * Makes a folder and its parents. Not `mkdir` with `recursive`: below /proc, where the kernel
 * answers ENOENT for a folder whose parent exists, Node 20 repeats that one for ever.
 */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder)
  } catch (error) {
    const parent = dirname(folder)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error
    await makeFolder(parent)
    await makeOne(folder)
  }
}

/** A folder that is there already is as good; a file in its place is not. */
async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!(await stat(folder)).isDirectory()) throw error
  }
}
