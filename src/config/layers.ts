/**
 * A layer is what one place says about settings: flags, environment, config file, profile. All are
 * maps from flag name to raw values with their source, so that resolving is one loop over places
 * and a YAML key such as __proto__ is only text.
 */

import type { RawValue } from './option-value.ts'
import { envNameOf, type OptionTable } from './option-table.ts'
import type { Source } from './sources.ts'

export interface LayerEntry {
  readonly values: readonly RawValue[]
  readonly source: Source
  /**
   * How a message calls the setting: `--connections`, `PUSHCTL_CONNECTIONS`, `bench.yaml:3:14:
   * connections`.
   */
  readonly name: string
}

/** By flag name, without dashes. */
export type Layer = ReadonlyMap<string, LayerEntry>

/** An empty variable counts as not set, as shells make it easy to leave one behind. */
export function readEnvironment(
  table: OptionTable,
  env: Readonly<Record<string, string | undefined>>,
): Layer {
  const layer = new Map<string, LayerEntry>()
  for (const row of Object.values(table)) {
    const name = envNameOf(row)
    const text = name === null ? undefined : env[name]
    if (name === null || text === undefined || text === '') continue
    const values = row.repeatable ? text.split(row.separator ?? ',') : [text]
    layer.set(row.flag, { values, name, source: { kind: 'env', text: name } })
  }
  return layer
}
