/** The settings of `pushctl bench` for runs of several steps over the same connections. */
import { defineOptions } from '../../config/option-table.ts'

export const COURSE_OPTIONS = defineOptions({
  stages: {
    flag: 'stages',
    kind: 'string',
    placeholder: 'TIME@N',
    repeatable: true,
    separator: ',',
    example: '30s@50k,2m@200k',
    help: 'instead of -c and -d: open up to so many connections, hold them so long, go on',
  },
  rateStages: {
    flag: 'rate-stages',
    kind: 'string',
    placeholder: 'TIME@RATE',
    repeatable: true,
    separator: ',',
    example: '1m@500/s,1m@2k/s',
    help: 'instead of -R and -d: so many messages per second in total, for so long each',
  },
  find: {
    flag: 'find',
    kind: 'enum',
    values: ['connections', 'rate'],
    help: 'search for the most that holds every --slo: connections up to -c, or messages a second',
  },
})
