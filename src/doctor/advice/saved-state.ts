/**
 * What was there before --apply, kept until --rollback: one entry a file, with its bytes before and
 * after. A second apply keeps the first "before", so that a rollback always goes back to the host
 * as it was found.
 */
import * as v from 'valibot'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { HostFiles } from './host-files.ts'

export const STATE_FILE = '/var/lib/pushctl/doctor-apply.json'

export interface HostIdentity {
  readonly kernelRelease: string
  /** net:[4026531840]; empty when it could not be read. */
  readonly networkInode: string
  readonly bootId: string
}

export interface SavedFile {
  readonly path: string
  /** null: the file did not exist. */
  readonly before: string | null
  /** What was read back after writing. */
  readonly after: string
}

export interface SavedState {
  readonly host: HostIdentity
  readonly files: readonly SavedFile[]
}

const STATE_SCHEMA = v.object({
  schema: v.literal('pushctl.doctor-apply/1'),
  host: v.object({ kernelRelease: v.string(), networkInode: v.string(), bootId: v.string() }),
  files: v.array(v.object({ path: v.string(), before: v.nullable(v.string()), after: v.string() })),
})

/** null: nothing was applied, or it was rolled back. */
export async function readState(files: HostFiles): Promise<SavedState | null> {
  const text = await files.read(STATE_FILE)
  if (text === null) return null
  const parsed = v.safeParse(STATE_SCHEMA, parseJson(text))
  if (parsed.success) return parsed.output
  throw new PushctlError(
    'PUSHCTL_FILE_UNREADABLE',
    `${STATE_FILE} is not what pushctl doctor --apply wrote`,
    {
      why: 'it holds the values to go back to, and is not guessed',
      tries: [`look into ${STATE_FILE}, or remove it to give up the rollback`],
    },
  )
}

export async function writeState(files: HostFiles, state: SavedState): Promise<void> {
  const document = { schema: 'pushctl.doctor-apply/1', ...state }
  try {
    await files.write(STATE_FILE, `${JSON.stringify(document, null, 2)}\n`)
  } catch (cause) {
    throw new PushctlError(
      'PUSHCTL_FILE_UNWRITABLE',
      `${STATE_FILE} could not be written, so nothing was changed`,
      { why: 'what was there before must be saved first', tries: ['run it as root'], cause },
    )
  }
}

export function mergeSaved(
  earlier: readonly SavedFile[],
  later: readonly SavedFile[],
): SavedFile[] {
  const byPath = new Map(earlier.map((file) => [file.path, file]))
  for (const file of later) {
    const first = byPath.get(file.path)
    byPath.set(file.path, first === undefined ? file : { ...file, before: first.before })
  }
  return [...byPath.values()]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
