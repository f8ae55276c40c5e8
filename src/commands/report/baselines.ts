/**
 * Reports under a name, so that a gate does not depend on where the last good run was written:
 * `report baseline main out` keeps out/report.json, and `@main` is a FILE from then on. They lie in
 * the working folder, where a repository can keep them beside the code they are about.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { jsonReport } from '../../report/json-report.ts'
import { writeResultFile } from '../../report/output-folder.ts'
import { readSavedRun, type SavedRun } from '../../report/result-folder.ts'

const FOLDER = join('.pushctl', 'baselines')

export function isBaselineName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)
}

/** @returns where it is kept, relative to the working folder */
export async function keepBaseline(cwd: string, name: string, file: string): Promise<string> {
  const { report } = await readRun(cwd, file)
  const path = join(FOLDER, `${name}.json`)
  await mkdir(dirname(join(cwd, path)), { recursive: true })
  await writeResultFile(join(cwd, path), jsonReport(report))
  return path
}

/** A file, a folder, or `@name`. @throws PushctlError PUSHCTL_FILE_UNREADABLE, PUSHCTL_CONFIG */
export async function readRun(cwd: string, file: string): Promise<SavedRun> {
  if (!file.startsWith('@')) return readSavedRun(file)
  const name = file.slice(1)
  if (isBaselineName(name)) return readSavedRun(join(cwd, FOLDER, `${name}.json`))
  throw new PushctlError('PUSHCTL_CONFIG', nameRule(name), {
    tries: ['pushctl report compare @main out', `pushctl report compare ./${file} out`],
  })
}

export function nameRule(name: string): string {
  const got = name.slice(0, 60)
  return `a baseline has a name of letters, digits, dots, dashes and underscores, got "${got}"`
}
