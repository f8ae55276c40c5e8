/** Between bench and the process in which doctor looks at its hosts. Plain values, as JSON. */
import type { HostFindingsReport } from '../../stats/run-report.ts'
import type { DoctorTargets } from './doctor-targets.ts'

export type WatchDown =
  | {
      readonly kind: 'start'
      readonly targets: DoctorTargets
      /** The generator's host is this one. */
      readonly isHere: boolean
      /** As ssh names them. */
      readonly targetHosts: readonly string[]
    }
  | { readonly kind: 'finish' }

export type WatchUp =
  | { readonly kind: 'started' }
  | { readonly kind: 'reports'; readonly reports: readonly HostFindingsReport[] }
