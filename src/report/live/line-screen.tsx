/**
 * A live view that is a list of lines, each of coloured parts, redrawn as a whole: what stands in
 * it is worked out elsewhere, without Ink, and can be tested as plain values. Loading Ink and React
 * costs some 150 ms and 20 MB, so import this file only once a terminal is there.
 */
import { Box, type RenderOptions, render, Text, useInput } from 'ink'

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

const COLORS: Readonly<Record<LineTone, string | undefined>> = {
  critical: 'red',
  warn: 'yellow',
  unknown: 'magenta',
  info: 'cyan',
  ok: 'green',
  plain: undefined,
  dim: undefined,
}

export function LineScreen({ lines, color, onQuit, onKey, listens }: LineScreenProps) {
  useInput(
    (input, key) => {
      if (key.ctrl && input === 'c') onQuit('ctrl-c')
      else if (input === 'q') onQuit('q')
      else if (!key.ctrl && !key.meta && input !== '') onKey?.(input)
    },
    { isActive: listens },
  )
  return (
    <Box flexDirection="column">
      {lines.map((parts, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Text key={index} wrap="truncate">
          {parts.length === 0 ? ' ' : parts.map((part, place) => partText(part, place, color))}
        </Text>
      ))}
    </Box>
  )
}

function partText({ text, tone }: LinePart, place: number, color: boolean) {
  if (!color || tone === 'plain') return text
  const hue = COLORS[tone]
  return (
    <Text key={place} dimColor={tone === 'dim'} {...(hue === undefined ? {} : { color: hue })}>
      {text}
    </Text>
  )
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
