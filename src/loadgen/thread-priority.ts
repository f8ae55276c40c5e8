/**
 * A place before others in the scheduler's queue for the thread that sends on time: the load is
 * wrong when it comes late, while a receiver that waits for a CPU only sees what its host is like.
 */
import { setPriority } from 'node:os'

/** Weighs nine times an ordinary thread (sched(7), nice values). */
const NICE = -10

/**
 * For the calling thread alone: on Linux nice values belong to threads, and 0 is the caller
 * (setpriority(2), NOTES). Takes CAP_SYS_NICE; without it the thread goes on as it is.
 */
export function favourThread(): void {
  try {
    setPriority(0, NICE)
  } catch {
    // Not allowed, as usual for users and in containers: lateness is counted either way.
  }
}
