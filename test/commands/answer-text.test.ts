import { expect, it } from 'vitest'
import { answerText } from '../../src/commands/answer-text.ts'

async function* bodyOf(...parts: readonly string[]) {
  for (const part of parts) yield Buffer.from(part)
}

it('is the text of all parts, and an error as soon as it is too long', async () => {
  const [first, second] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)]
  async function* halves() {
    yield first
    yield second
  }
  expect(await answerText(halves(), 2)).toBe('ü')
  expect(await answerText(bodyOf('12', '34'), 4)).toBe('1234')
  await expect(answerText(bodyOf('12', '345'), 4)).rejects.toThrow(SyntaxError)
})
