/**
 * What a run left behind, wherever it is pointed at: a report.json, or the --out folder of a run
 * that ended, was killed, or still goes on. A record that is newer than the report.json beside it
 * belongs to a later run into the same folder, so the report is not the one that is asked for.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunReport } from '../stats/run-report.ts'
import { partialReport } from './partial-report.ts'
import { HLOG_FILE, ROWS_FILE } from './run-recording.ts'
import { parseRunReport, unreadable } from './run-report-file.ts'

export const REPORT_FILE = 'report.json'

export interface SavedRun {
  readonly report: RunReport
  /** intervals.hlog; null where there is none. */
  readonly hlog: string | null
}

/** @throws PushctlError PUSHCTL_FILE_UNREADABLE that says what is missing or damaged */
export async function readSavedRun(path: string): Promise<SavedRun> {
  const kind = await stat(path).catch((error) => {
    throw unreadable(path, errnoText(error), error)
  })
  if (!kind.isDirectory()) {
    const text = await readFile(path, 'utf8').catch((error) => {
      throw unreadable(path, errnoText(error), error)
    })
    return { report: parseRunReport(text, path), hlog: null }
  }
  const [text, rows, hlog] = await Promise.all([
    textOrNull(join(path, REPORT_FILE)),
    textOrNull(join(path, ROWS_FILE)),
    textOrNull(join(path, HLOG_FILE)),
  ])
  if (text === null && rows === null) {
    throw unreadable(path, `the folder has neither ${REPORT_FILE} nor ${ROWS_FILE}`)
  }
  if (text !== null) {
    const report = parseRunReport(text, join(path, REPORT_FILE))
    if (rows === null || !isLater(rows, report)) return { report, hlog }
  }
  const source = join(path, ROWS_FILE)
  return { report: partialReport({ rows: rows ?? '', hlog: hlog ?? '', source }), hlog }
}

/** A record without a header says nothing of when it was. */
function isLater(rows: string, { started_at }: RunReport): boolean {
  const startedAt = /^\{[^\n]*?"started_at":"([^"]*)"/.exec(rows)?.[1]
  return startedAt !== undefined && startedAt > started_at
}

async function textOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unreadable(path, errnoText(error), error)
  }
}

function errnoText(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'there is no such file' : (code ?? 'it cannot be opened')
}
