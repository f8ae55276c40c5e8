/** The settings of `pushctl serve` about where devices are told to connect, one row each. */
import { defineOptions, type OptionsOf } from '../config/option-table.ts'
import type { ProbeSettings } from '../server/probe-delay.ts'

export const DISPATCH_OPTIONS = defineOptions({
  strictPlacement: {
    flag: 'strict-placement',
    kind: 'boolean',
    default: false,
    help: 'in a cluster: send devices that belong to another node of the site there (4302)',
  },
  probeFromPercent: {
    flag: 'probe-from',
    kind: 'number',
    default: 75,
    min: 0,
    max: 100,
    help: 'percent of its capacity from which the node answers GET /v1/probe later',
  },
  probeEveryPercent: {
    flag: 'probe-every',
    kind: 'number',
    default: 2.5,
    min: 0.1,
    max: 100,
    help: 'each further so many percent make the answer to a probe one step later',
  },
  probeStepMs: {
    flag: 'probe-step',
    kind: 'duration',
    default: 50,
    min: 0,
    max: 5_000,
    help: 'one step of the answer to a probe; 0: always at once',
  },
})

export function probeSettings(options: OptionsOf<typeof DISPATCH_OPTIONS>): ProbeSettings {
  return {
    fromShare: options.probeFromPercent / 100,
    everyShare: options.probeEveryPercent / 100,
    stepMs: options.probeStepMs,
  }
}
