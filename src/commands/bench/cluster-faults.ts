/** What is wrong with the options of bench for a cluster. */
import type { OptionsOf } from '../../config/option-table.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { hasTurnover, type WorkloadMode } from '../../loadgen/workload.ts'
import type { CLUSTER_BENCH_OPTIONS } from './cluster-options.ts'

export interface ClusterOptions extends OptionsOf<typeof CLUSTER_BENCH_OPTIONS> {
  readonly mode: WorkloadMode
  readonly publish: string | undefined
}

export function clusterFaults(
  options: ClusterOptions,
  positional: readonly string[],
): readonly PushctlError[] {
  const { dispatch, scenario, mode, nodeStop, nodeStart } = options
  if (dispatch.length === 0) {
    return scenario === undefined
      ? []
      : [fault('--scenario needs --dispatch', '--dispatch http://…')]
  }
  const stops = scenario !== undefined && scenario !== 'drain'
  return [
    ...(positional.length > 0
      ? [fault(`expected --dispatch or targets, got both: "${positional[0]}"`)]
      : []),
    ...(hasTurnover(mode) ? [fault(`--dispatch does not go with --mode ${mode}`)] : []),
    ...(stops && nodeStop === undefined ? [fault(`--scenario ${scenario} needs --node-stop`)] : []),
    ...(scenario === 'rolling-restart' && nodeStart === undefined
      ? [fault('--scenario rolling-restart needs --node-start')]
      : []),
  ]
}

function fault(message: string, ...tries: string[]): PushctlError {
  return new PushctlError('PUSHCTL_USAGE', message, { tries })
}
