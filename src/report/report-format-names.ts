/** Formats of `report show`. Apart from what draws them, because `--help` lists them. */
export const REPORT_FORMATS = [
  'text',
  'json',
  'csv',
  'hgrm',
  'hlog',
  'junit',
  'prometheus',
  'html',
] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]
