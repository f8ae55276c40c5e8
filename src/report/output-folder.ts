/**
 * `--out DIR`: the files that a run leaves behind. The folder is made and tried before the run,
 * because a full disk or a wrong owner should cost a second and not a measurement.
 */
import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { RunReport } from '../stats/run-report.ts'
import { hgrmFiles } from './hgrm.ts'
import { jsonReport } from './json-report.ts'

/** Name → text of the files that need nothing but the report: report.json and the .hgrm files. */
export function reportFiles(report: RunReport): Map<string, string> {
  return new Map([['report.json', jsonReport(report)], ...hgrmFiles(report)])
}

/** Makes the folder, with its parents. @throws PushctlError PUSHCTL_FILE_UNWRITABLE */
export async function prepareOutputFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    throw unwritable(folder, error)
  }
}

/**
 * Existing files of the same names are replaced. @returns the paths written @throws PushctlError
 * PUSHCTL_FILE_UNWRITABLE
 */
export async function writeOutputFolder(
  folder: string,
  files: Iterable<readonly [name: string, text: string]>,
): Promise<string[]> {
  await prepareOutputFolder(folder)
  const paths: string[] = []
  for (const [name, text] of files) {
    const path = join(folder, name)
    try {
      await writeFile(path, text)
    } catch (error) {
      throw unwritable(path, error)
    }
    paths.push(path)
  }
  return paths
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EEXIST: 'a file of that name is in the way',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'a folder of that name is in the way',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
}

function unwritable(path: string, cause: unknown): PushctlError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  return new PushctlError(
    'PUSHCTL_FILE_UNWRITABLE',
    `--out must be a folder that can be written to, got "${path}": ${REASONS[code] ?? code}`,
    { tries: ['--out ./report'], cause },
  )
}
