/** One page of Prometheus metrics over HTTP: bounded in time and bytes, and never redirected. */
import { type Fact, known, unknown } from '../fact.ts'
import { READ_TIMEOUT_MS } from './fact-source.ts'

const PAGE_BYTES_MAX = 16 * 1024 * 1024

export async function fetchMetrics(url: string, bytesMax = PAGE_BYTES_MAX): Promise<Fact<string>> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
      redirect: 'manual',
      headers: { accept: 'text/plain;version=0.0.4' },
    })
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel()
      return unknown(`answered with status ${response.status}`, url)
    }
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body) {
      bytes += chunk.length
      if (bytes > bytesMax) return unknown(`is longer than ${bytesMax} bytes`, url)
      chunks.push(chunk)
    }
    return known(Buffer.concat(chunks).toString('utf8'), url)
  } catch (error) {
    return unknown(fetchFailure(error), url)
  }
}

function fetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `gave no answer within ${READ_TIMEOUT_MS} ms`
  const cause = error.cause as NodeJS.ErrnoException | undefined
  if (cause?.code === 'ECONNREFUSED') return 'nobody listens there (ECONNREFUSED)'
  return `could not be fetched (${cause?.code ?? cause?.message ?? error.message})`
}
