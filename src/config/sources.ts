/** Where a setting came from: shown by --explain and named in messages about it. */

export type SourceKind = 'flag' | 'env' | 'file' | 'profile' | 'default'

export interface Source {
  readonly kind: SourceKind
  /** `--connections`, `PUSHCTL_CONNECTIONS`, `bench.yaml:3:14`, `profile quick`, `default`. */
  readonly text: string
}

/** By option key. */
export type SourceMap = Readonly<Record<string, Source>>

export const DEFAULT_SOURCE: Source = { kind: 'default', text: 'default' }
