import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { hgrmFiles, hgrmText } from '../../src/report/hgrm.ts'
import { distributionOf, SAMPLE_REPORT } from './sample-report.ts'

test('the text is the classic percentile distribution', () => {
  expect(hgrmText(distributionOf(100, 200, 200, 300, 5_000_000))).toMatchInlineSnapshot(`
    "       Value     Percentile TotalCount 1/(1-Percentile)

         100.000 0.000000000000          1           1.00
         100.000 0.100000000000          1           1.11
         100.000 0.200000000000          1           1.25
         200.000 0.300000000000          3           1.43
         200.000 0.400000000000          3           1.67
         200.000 0.500000000000          3           2.00
         200.000 0.550000000000          3           2.22
         200.000 0.600000000000          3           2.50
         300.000 0.650000000000          4           2.86
         300.000 0.700000000000          4           3.33
         300.000 0.750000000000          4           4.00
         300.000 0.775000000000          4           4.44
         300.000 0.800000000000          4           5.00
     5001215.000 0.825000000000          5           5.71
     5001215.000 1.000000000000          5
    #[Mean    =   999993.600, StdDeviation   =  1999587.201]
    #[Max     =  5001215.000, Total count    =            5]
    #[Buckets =           22, SubBuckets     =         2048]
    "
  `)
})

test('it is byte for byte what the library prints for the histogram in the report', () => {
  const { response } = SAMPLE_REPORT.metrics.push_latency!
  expect(hgrmText(response)).toBe(
    decodeFromCompressedBase64(response.hdr, 64).outputPercentileDistribution(),
  )
})

test('a distribution without samples has no file', () => {
  expect([...hgrmFiles(SAMPLE_REPORT).keys()]).toEqual([
    'connect_time.response.hgrm',
    'connect_time.service.hgrm',
    'push_latency.response.hgrm',
    'push_latency.service.hgrm',
  ])
})
