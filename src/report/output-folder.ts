/**
 * `--out DIR`: the files that a run leaves behind. The folder is made and tried before the run,
 * because a full disk or a wrong owner should cost a second and not a measurement.
 */
import { access, constants, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../config/make-folder.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { RunReport } from '../stats/run-report.ts'
import { hgrmFiles } from './hgrm.ts'
import { jsonReport } from './json-report.ts'
import { junitXml } from './junit.ts'

/** Name → text of the files that need nothing but the report. */
export function reportFiles(report: RunReport): Map<string, string> {
  return new Map([
    ['report.json', jsonReport(report)],
    ['junit.xml', junitXml(report)],
    ...hgrmFiles(report),
  ])
}

/** Makes the folder, with its parents. @throws PushctlError PUSHCTL_FILE_UNWRITABLE */
export async function prepareOutputFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
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
    await writeResultFile(path, text)
    paths.push(path)
  }
  return paths
}

/**
 * Renamed into place: whoever reads it meanwhile sees the old file or the new one. @throws
 * PushctlError PUSHCTL_FILE_UNWRITABLE
 */
export async function writeResultFile(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`
  try {
    await writeFile(draft, text)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw unwritable(path, error, 'expected to write a file')
  }
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

function unwritable(
  path: string,
  cause: unknown,
  rule = '--out must be a folder that can be written to',
): PushctlError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  return new PushctlError(
    'PUSHCTL_FILE_UNWRITABLE',
    `${rule}, got "${path}": ${REASONS[code] ?? code}`,
    { tries: ['--out ./report'], cause },
  )
}
