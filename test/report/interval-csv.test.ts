import { expect, test } from 'vitest'
import { intervalCsv } from '../../src/report/interval-csv.ts'
import { longReport } from './long-report.ts'
import { SAMPLE_REPORT } from './sample-report.ts'

test('a row an interval, empty where nothing is known', () => {
  const [row] = SAMPLE_REPORT.intervals
  const silent = { ...row, at_ms: 2000, p50: 0, p99: 0, max: 0 }
  const rows = [...longReport(2).intervals, row, silent]
  expect(intervalCsv({ ...SAMPLE_REPORT, intervals: rows })).toMatchInlineSnapshot(`
    "at_ms,span_ms,connections,sent,received,p50_us,p99_us,max_us,time_wait,retransmits,listen_overflows,softnet_drops,cpu_percent
    1000,1000,5000,1001,1001,5000,16000,20000,101,1,0,0,41
    2000,1000,10000,1002,1002,5000,16000,20000,102,2,0,0,42
    1000,,100,10,10,200,300,400,,,,,
    2000,,100,10,10,,,,,,,,
    "
  `)
})
