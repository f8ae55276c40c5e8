/** The last seconds of a run, for the sparklines of its live view: bounded, whatever its length. */
import type { RunProgress } from '../../stats/run-progress.ts'

/** As many as the widest sparkline has cells. */
export const HISTORY_MAX = 60

export class RunHistory {
  readonly connections: number[] = []
  readonly sent: number[] = []
  readonly received: number[] = []
  readonly p99: (number | null)[] = []

  add({ connections, sentPerSecond, receivedPerSecond, p99 }: RunProgress): void {
    push(this.connections, connections)
    push(this.sent, sentPerSecond)
    push(this.received, receivedPerSecond)
    push(this.p99, p99)
  }
}

function push<Value>(values: Value[], value: Value): void {
  values.push(value)
  if (values.length > HISTORY_MAX) values.shift()
}
