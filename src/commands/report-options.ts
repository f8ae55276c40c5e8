/** The settings of `pushctl report`, one row each, and which action takes which. */
import { defineOptions, type OptionsOf } from '../config/option-table.ts'
import { REPORT_FORMATS } from '../report/report-format-names.ts'

export const REPORT_OPTIONS = defineOptions({
  format: {
    flag: 'format',
    kind: 'enum',
    values: REPORT_FORMATS,
    default: 'text',
    env: false,
    help: 'show: what to print',
  },
  metric: {
    flag: 'metric',
    kind: 'string',
    env: false,
    placeholder: 'NAME',
    example: 'push_latency.service',
    help: 'show --format hgrm: which latency. Default: the response time of messages',
  },
  out: {
    flag: 'out',
    kind: 'file',
    env: false,
    help: 'html, merge: write it here. Default: report.html beside the report; stdout',
  },
  anyway: {
    flag: 'anyway',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'compare: also runs of another plan or host',
  },
  failIfWorsePercent: {
    flag: 'fail-if-worse',
    kind: 'number',
    min: 0,
    max: 10_000,
    env: false,
    placeholder: 'PERCENT',
    example: '5',
    help: 'compare: exit 99 where a number of B is worse by so much, beyond noise',
  },
})

export type ReportOptions = OptionsOf<typeof REPORT_OPTIONS>
