/**
 * Which target a connection goes to: rows of a shard take the targets in turn, each shard starting
 * one further, so that several targets get even shares even where every shard has few rows.
 */
export function targetAt(row: number, shard: number, targets: number): number {
  return (row + shard) % targets
}

/**
 * The targets that a shard drives: all of them, or, where there is a whole number of targets for
 * each shard of several, its own. A process of the generator then drives one process of the node,
 * and both handle what they do in batches; a hundred processes that all talk to all others would
 * wake for every single connection.
 */
export function targetsOfShard<Target>(
  targets: readonly Target[],
  shard: number,
  shards: number,
): readonly Target[] {
  const each = targets.length / shards
  if (shards === 1 || !Number.isInteger(each)) return targets
  return targets.slice(shard * each, (shard + 1) * each)
}
