import { render } from 'ink-testing-library'
import { expect, it } from 'vitest'
import { type LineScreenProps, LineScreen } from '../../../src/report/live/line-screen.tsx'

const LINES: LineScreenProps['lines'] = [
  [
    { text: 'listen ', tone: 'dim' },
    { text: '3 overflows/s', tone: 'critical' },
  ],
  [],
  [{ text: 'x'.repeat(200), tone: 'plain' }],
]

function screenWith(changes: Partial<LineScreenProps> = {}) {
  const keys: string[] = []
  const props = { lines: LINES, color: false, listens: true, ...changes }
  const screen = render(<LineScreen {...props} onQuit={(key) => keys.push(key)} />)
  return { screen, keys }
}

it('draws each line on one row, cut at the width of the terminal', () => {
  const { screen } = screenWith()
  const rows = screen.lastFrame()!.split('\n')
  expect(rows).toHaveLength(3)
  expect(rows[0]).toBe('listen 3 overflows/s')
  expect(rows[2]).toMatch(/^x+…$/)
  screen.unmount()
})

it('hands on the other keys, but no control keys', async () => {
  const others: string[] = []
  const { screen, keys } = screenWith({ onKey: (key) => others.push(key) })
  await new Promise((resolve) => setImmediate(resolve))
  for (const typed of ['s', '\u0001', '\u001b[A', 'xy', 'q']) screen.stdin.write(typed)
  expect([others, keys]).toEqual([['s', 'x', 'y'], ['q']])
  screen.unmount()
})

it('ends by q and by Ctrl-C, and by nothing else', async () => {
  const { screen, keys } = screenWith()
  // React attaches the reader of keys after the first drawing.
  await new Promise((resolve) => setImmediate(resolve))
  for (const typed of ['x', '\r', 'q', '\u0003']) screen.stdin.write(typed)
  expect(keys).toEqual(['q', 'ctrl-c'])
  screen.unmount()
})
