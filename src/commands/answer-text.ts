/** The body of an answer of a node as text, however long a stranger's answer is. */

/** @throws SyntaxError where it has more bytes than that: it is no answer of a node */
export async function answerText(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > bytesMax) throw new SyntaxError('the answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
