/**
 * The results of a run to a Pushgateway: PUT replaces what the last run of the same mode left there
 * (grouping key: job pushctl_bench, mode). Bounded in time, and its failure is a line, not an exit
 * code: the run is measured, whoever stores it.
 */
import { request } from 'undici'
import { prometheusText } from '../../../report/prometheus-text.ts'
import type { RunReport } from '../../../stats/run-report.ts'

const ANSWER_MS_MAX = 10_000
const SAMPLE_CHARACTERS_MAX = 120
const ANSWER_BYTES_MAX = 64 * 1024

/** null where it was taken, else one line that says why not. */
export async function pushMetrics(url: string, report: RunReport): Promise<string | null> {
  const place = placeOf(url, report.mode)
  const shown = `${place.origin}${place.pathname}`
  try {
    const { statusCode, body } = await request(`${shown}${place.search}`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain; version=0.0.4', ...authorizationOf(place) },
      body: prometheusText(report),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    const answer = await firstBytes(body)
    if (statusCode >= 200 && statusCode < 300) return null
    const said = answer
      .slice(0, SAMPLE_CHARACTERS_MAX)
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
    return `the metrics were not taken by ${shown}: status ${statusCode}${said && `, "${said}"`}`
  } catch (error) {
    const { name, message } = error as Error
    const why = name === 'TimeoutError' ? `no answer within ${ANSWER_MS_MAX / 1000} s` : message
    return `the metrics could not be pushed to ${shown}: ${why}`
  }
}

/** A URL that names a job is taken as it is. */
export function placeOf(url: string, mode: string): URL {
  const place = new URL(url)
  if (/\/metrics\/job(@base64)?\//.test(place.pathname)) return place
  const base = place.pathname.replace(/\/+$/, '')
  place.pathname = `${base}/metrics/job/pushctl_bench/mode/${encodeURIComponent(mode)}`
  return place
}

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

async function firstBytes(body: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    text += chunk.toString('latin1').slice(0, SAMPLE_CHARACTERS_MAX)
    if (bytes > ANSWER_BYTES_MAX) break
  }
  return text
}
