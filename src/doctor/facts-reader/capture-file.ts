/**
 * Writes a capture: a folder, or a .tar for a name that ends so. `tar -x` of the latter gives the
 * folder that --root reads. The archive is plain ustar with long names split at a slash; nothing in
 * it is executable.
 */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder } from '../../config/make-folder.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'

const BLOCK = 512
const NAME_MAX = 100
const PREFIX_MAX = 155

export async function writeCapture(
  place: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  try {
    if (place.endsWith('.tar')) await writeFile(place, tarOf(files))
    else await writeFolder(place, files)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new PushctlError('PUSHCTL_FILE_UNWRITABLE', `--capture could not write ${place}`, {
      why: code === '' ? String(cause) : code,
      cause,
    })
  }
}

async function writeFolder(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, content] of files) {
    const place = join(folder, path)
    await makeFolder(dirname(place))
    await writeFile(place, content)
  }
}

/** A tar archive of text files, sorted by name so that two captures compare well. */
export function tarOf(files: ReadonlyMap<string, string>): Buffer {
  const blocks: Buffer[] = []
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const body = Buffer.from(content, 'utf8')
    const header = tarHeader(path, body.length)
    if (header === null) continue
    blocks.push(header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK))
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)])
}

/** null: the name does not fit (a cgroup path can be longer than ustar allows). */
function tarHeader(path: string, bytes: number): Buffer | null {
  const split = splitName(path)
  if (split === null) return null
  const header = Buffer.alloc(BLOCK)
  header.write(split.name, 0, 'utf8')
  header.write('0000644\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write('00000000000\0', 136, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  header.write(split.prefix, 345, 'utf8')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function splitName(path: string): { prefix: string; name: string } | null {
  if (Buffer.byteLength(path) <= NAME_MAX) return { prefix: '', name: path }
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const prefix = path.slice(0, slash)
    const name = path.slice(slash + 1)
    if (Buffer.byteLength(prefix) > PREFIX_MAX) return null
    if (Buffer.byteLength(name) <= NAME_MAX) return { prefix, name }
  }
  return null
}
