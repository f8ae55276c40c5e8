/**
 * Waits for what others bring about: whoever waits looks again whenever somebody says something,
 * and no longer than a limit. Nothing is polled.
 */
export class ConditionWatch {
  readonly #looks = new Set<() => void>()

  /** Resolves when `isOver` holds, the limit has passed, or the signal came. */
  async until(isOver: () => boolean, limitMs: number, signal?: AbortSignal): Promise<void> {
    if (isOver() || signal?.aborted) return
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        this.#looks.delete(look)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const look = (): void => {
        if (isOver()) finish()
      }
      const timer = setTimeout(finish, limitMs)
      this.#looks.add(look)
      signal?.addEventListener('abort', finish, { once: true })
    })
  }

  /** Makes all that wait look again. */
  wake(): void {
    for (const look of [...this.#looks]) look()
  }
}
