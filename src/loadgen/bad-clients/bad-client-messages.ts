/** Between the coordinator and the processes of bad clients. Plain values. */
import type { FatalMessage, ShardSetup } from '../shard-messages.ts'
import type { BadClientSettings } from './bad-client-kinds.ts'
import type { BadClientCounts } from './bad-client-tally.ts'

export interface BadClientSetup {
  /** That of the first shard: targets, names and how devices are greeted. */
  readonly shard: ShardSetup
  readonly settings: BadClientSettings
  /** This is process `index` of so many; clients are divided in turn. */
  readonly index: number
  readonly of: number
}

export type BadClientsDown =
  | { readonly kind: 'setup'; readonly setup: BadClientSetup }
  | { readonly kind: 'start' }
  | { readonly kind: 'finish' }

export type BadClientsUp =
  | { readonly kind: 'ready' }
  | { readonly kind: 'counts'; readonly counts: readonly BadClientCounts[] }
  | FatalMessage
