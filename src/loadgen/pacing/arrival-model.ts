/**
 * The arrival models by name, as plain data that travels to shards; a pacer is built from it where
 * it is used.
 */
import { burstPacer } from './burst-pacer.ts'
import { constantPacer, countedPacer } from './constant-pacer.ts'
import type { Pacer } from './pacer.ts'
import { poissonPacer } from './poisson-pacer.ts'
import { rampPacer } from './ramp-pacer.ts'
import { spreadPacer } from './spread-pacer.ts'

export type ArrivalModel =
  | { readonly kind: 'constant'; readonly eventsPerSecond: number; readonly stageUs: number }
  | { readonly kind: 'counted'; readonly total: number; readonly eventsPerSecond: number }
  | {
      readonly kind: 'spread'
      readonly total: number
      readonly fromUs: number
      readonly untilUs: number
    }
  | {
      readonly kind: 'ramp'
      readonly firstPerSecond: number
      readonly lastPerSecond: number
      readonly stageUs: number
    }
  | {
      readonly kind: 'poisson'
      readonly eventsPerSecond: number
      readonly stageUs: number
      readonly seed: number
    }
  | {
      readonly kind: 'burst'
      readonly eventsPerSecond: number
      readonly burstEvents: number
      readonly stageUs: number
    }

export function pacerFrom(model: ArrivalModel): Pacer {
  switch (model.kind) {
    case 'constant':
      return constantPacer(model.eventsPerSecond, model.stageUs)
    case 'counted':
      return countedPacer(model.total, model.eventsPerSecond)
    case 'spread':
      return spreadPacer(model.total, model.fromUs, model.untilUs)
    case 'ramp':
      return rampPacer(model.firstPerSecond, model.lastPerSecond, model.stageUs)
    case 'poisson':
      return poissonPacer(model.eventsPerSecond, model.stageUs, model.seed)
    case 'burst':
      return burstPacer(model.eventsPerSecond, model.burstEvents, model.stageUs)
  }
}
