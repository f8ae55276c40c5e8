/**
 * How long GET /v1/probe waits before it answers: not at all on a node that has room, then a step
 * longer for each further part of its capacity that is taken. Devices that race probes to several
 * nodes thus choose the emptier one among the near, without a balancer that knows them all.
 */

export interface ProbeSettings {
  /** Share of capacity from which answers come later. */
  readonly fromShare: number
  /** Each further so much of capacity … */
  readonly everyShare: number
  /** … costs so long. */
  readonly stepMs: number
}

/** Meizu's rule for nodes of 4 million devices: above 3 million, 50 ms per 100,000. */
export const DEFAULT_PROBE: ProbeSettings = { fromShare: 0.75, everyShare: 0.025, stepMs: 50 }
/** A node that is over its capacity answers late, but it answers. */
const LOAD_MAX = 2
/** 0.8 - 0.75 is a little less than 2 × 0.025 in binary. */
const ROUNDING = 1e-9

/** `load`: the share of capacity in use, 1 is full. */
export function probeDelayMs(load: number, settings: ProbeSettings): number {
  const { fromShare, everyShare, stepMs } = settings
  const over = Math.min(load, LOAD_MAX) - fromShare
  return over <= 0 ? 0 : Math.floor(over / everyShare + ROUNDING) * stepMs
}
