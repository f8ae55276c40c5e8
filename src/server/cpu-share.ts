/**
 * What a node uses of the processors that it could use: CPU time of all its processes over time, by
 * the fewer of its threads and of the processors here. Smoothed, because one look is a second or
 * two, and devices are sent about by it.
 */
import { availableParallelism } from 'node:os'

/** Weight of the last look. */
const WEIGHT = 0.5

export class CpuShare {
  /** 1: its processors are busy all of the time. */
  share = 0
  #cpuUs = -1
  #atMs = 0

  /** @param cpuUs of all processes of the node since they started; less where one has ended */
  observe(
    nowMs: number,
    cpuUs: number,
    threads: number,
    processors = availableParallelism(),
  ): void {
    const elapsedUs = (nowMs - this.#atMs) * 1_000
    const usedUs = cpuUs - this.#cpuUs
    const isFirst = this.#cpuUs < 0 || usedUs < 0 || elapsedUs <= 0
    this.#cpuUs = cpuUs
    this.#atMs = nowMs
    if (isFirst) return
    const used = Math.min(1, usedUs / elapsedUs / Math.max(1, Math.min(threads, processors)))
    this.share += WEIGHT * (used - this.share)
  }
}
