/** Sentences about the latency spikes of a run, the same in the text report and on the page. */
import { formatCount, formatDurationUs } from '../config/quantities.ts'
import type { RunReport } from '../stats/run-report.ts'
import { type Attribution, attributeSpikes } from './spike-attribution.ts'
import { plainText } from './table.ts'

const CAUSES_SHOWN_MAX = 4

/** Empty where nothing stands out. */
export function spikeLines(report: RunReport): string[] {
  const attribution = attributeSpikes(report)
  return attribution === null ? [] : sentencesOf(attribution)
}

function sentencesOf({ spikes, thresholdUs, causes, unexplained }: Attribution): string[] {
  const all = formatCount(spikes.length)
  const what = `${spikes.length === 1 ? 'spike' : 'spikes'} over ${formatDurationUs(thresholdUs)}`
  const lines = causes.slice(0, CAUSES_SHOWN_MAX).map(({ name, spikes: count }) => {
    return `${formatCount(count)} of ${all} ${what} coincide${verb(count)} with ${plainText(name)}`
  })
  if (unexplained > 0) {
    const count = formatCount(unexplained)
    const nothing = `coincide${verb(unexplained)} with nothing that was recorded`
    lines.push(`${count} of ${all} ${what} ${nothing}`)
  }
  return lines
}

function verb(count: number): string {
  return count === 1 ? 's' : ''
}
