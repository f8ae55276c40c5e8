/**
 * A live view that is a list of lines, each of coloured parts, redrawn as a whole: what stands in
 * it is worked out elsewhere, without Ink, and can be tested as plain values. Loading Ink and React
 * costs some 150 ms and 20 MB, so import this file only once a terminal is there.
 */
import { type RenderOptions, render, Text, Transform, useInput, useStdout } from 'ink'
import pc from 'picocolors'
import type { ReactNode } from 'react'
import { clipText, visibleWidth } from '../table.ts'

const COLUMNS_WHERE_UNKNOWN = 80

export type LineTone = 'critical' | 'warn' | 'unknown' | 'info' | 'ok' | 'plain' | 'dim'

export interface LinePart {
  readonly text: string
  readonly tone: LineTone
}

export interface LineScreenProps {
  readonly lines: readonly (readonly LinePart[])[]
  readonly color: boolean
  /** q, or Ctrl-C, which a terminal in raw mode hands over as a key. */
  readonly onQuit: (key: 'q' | 'ctrl-c') => void
  /** Every other key that stands for a letter. */
  readonly onKey?: (key: string) => void
  /** False where nobody can type. */
  readonly listens: boolean
}

const COLORS = {
  critical: 'red',
  warn: 'yellow',
  unknown: 'magenta',
  info: 'cyan',
  ok: 'green',
  dim: 'dim',
} as const satisfies Record<Exclude<LineTone, 'plain'>, string>

export function LineScreen({ lines, color, onQuit, onKey, listens }: LineScreenProps) {
  useInput(
    (input, key) => {
      if (key.ctrl && input === 'c') onQuit('ctrl-c')
      if (key.ctrl || key.meta) return
      // Keys that were pressed while we were busy come together.
      for (const letter of input) {
        if (letter === 'q') onQuit('q')
        else onKey?.(letter)
      }
    },
    { isActive: listens },
  )
  const { stdout } = useStdout()
  const columns = stdout.columns ?? COLUMNS_WHERE_UNKNOWN
  const colors = pc.createColors(color)
  const shown = lines.map((parts) => lineText(clipParts(parts, columns), colors))
  return <Transform transform={(_, row) => shown[row] ?? ''}>{placeOf(shown.length)}</Transform>
}

/** What Ink measures instead of the lines: it keeps all that it has ever measured. */
function placeOf(rows: number): ReactNode {
  return rows === 0 ? null : <Text>{Array.from({ length: rows }, () => '.').join('\n')}</Text>
}

function lineText(parts: readonly LinePart[], colors: ReturnType<typeof pc.createColors>): string {
  return parts
    .map(({ text, tone }) => (tone === 'plain' ? text : colors[COLORS[tone]](text)))
    .join('')
}

function clipParts(parts: readonly LinePart[], columns: number): LinePart[] {
  const clipped: LinePart[] = []
  let left = columns
  for (const { text, tone } of parts) {
    const cells = visibleWidth(text)
    if (left > 0) clipped.push({ text: cells > left ? clipText(text, left) : text, tone })
    left -= cells
  }
  return clipped
}

export interface OpenScreen {
  draw(lines: LineScreenProps['lines']): void
  /** Leaves the last drawing on the terminal and gives the terminal back. */
  close(): void
  /** The same, without the drawing. */
  erase(): void
}

/** Nobody reads faster, and each drawing costs a millisecond. */
const FRAMES_PER_SECOND_MAX = 4
/** Ink ends an empty drawing with a line of its own. */
const LINE_UP = '\u001b[1A'

export type ScreenStreams = Required<Pick<RenderOptions, 'stdin' | 'stdout' | 'stderr'>>

export function openLineScreen(
  streams: ScreenStreams,
  props: Omit<LineScreenProps, 'lines'>,
): OpenScreen {
  const instance = render(<LineScreen lines={[]} {...props} />, {
    ...streams,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: FRAMES_PER_SECOND_MAX,
  })
  return {
    draw: (lines) => instance.rerender(<LineScreen lines={lines} {...props} />),
    close: () => instance.unmount(),
    erase: () => {
      instance.rerender(<LineScreen {...props} lines={[]} />)
      instance.unmount()
      streams.stdout.write(LINE_UP)
    },
  }
}
