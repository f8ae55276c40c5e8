/**
 * Which target a connection goes to: rows of a shard take the targets in turn, each shard starting
 * one further, so that several targets get even shares even where every shard has few rows.
 */
export function targetAt(row: number, shard: number, targets: number): number {
  return (row + shard) % targets
}
