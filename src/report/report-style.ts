/**
 * What every section of the text report draws with: the width it has and the colours it may use.
 */
import type pc from 'picocolors'

export interface ReportStyle {
  /** Terminal cells of a line. */
  readonly width: number
  /** All of them do nothing when colours are off. */
  readonly colors: ReturnType<typeof pc.createColors>
}

/** Left margin of everything under a title. */
export const INDENT = '  '
