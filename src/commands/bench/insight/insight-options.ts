/** The settings of `pushctl bench` for what is learnt of the target beside the run, and told. */
import { defineOptions } from '../../../config/option-table.ts'

export const INSIGHT_OPTIONS = defineOptions({
  targetPid: {
    flag: 'target-pid',
    kind: 'count',
    min: 1,
    max: 0x7fff_ffff,
    env: false,
    help: "the target's process on this host: its memory and CPU join the report, children too",
  },
  targetMetrics: {
    flag: 'target-metrics',
    kind: 'url',
    example: 'http://10.0.0.7:9100/metrics',
    help: "the target's own Prometheus page (Node, Go, JVM, pushctl): memory, CPU, GC pauses",
  },
  pushMetrics: {
    flag: 'push-metrics',
    kind: 'url',
    example: 'http://gateway:9091',
    help: 'a Pushgateway that gets the results at the end; a failure is a warning',
  },
})
