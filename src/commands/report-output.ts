/**
 * `bench --out DIR`: the record of the run while it goes on, and all files of its report at the
 * end.
 */
import { writeOutputFolder, prepareOutputFolder, reportFiles } from '../report/output-folder.ts'
import { htmlReport } from '../report/html/html-report.ts'
import { pageAssets } from '../report/html/page-assets.ts'
import { RunRecording } from '../report/run-recording.ts'
import type { RunReport } from '../stats/run-report.ts'

export interface RunOutput {
  readonly record: RunRecording
  /** @returns what people should know of it, a line each */
  write(report: RunReport): Promise<readonly string[]>
}

/** @throws PushctlError PUSHCTL_FILE_UNWRITABLE before the run, when it costs nothing */
export async function openRunOutput(folder: string): Promise<RunOutput> {
  await prepareOutputFolder(folder)
  const record = new RunRecording(folder)
  return {
    record,
    async write(report) {
      record.close()
      const files = reportFiles(report)
      await writeOutputFolder(folder, [...files, ['report.html', htmlReport(report, pageAssets())]])
      const { failure } = record
      const cut = failure === null ? [] : [`intervals.hlog ends early: ${failure.message}`]
      return [`wrote ${folder}`, ...cut]
    },
  }
}
