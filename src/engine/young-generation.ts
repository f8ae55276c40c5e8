/**
 * Keeps V8's young generation at its first size (two halves of 1 MiB in each thread). V8 would grow
 * it to 32 MiB in the first seconds of a connection storm, resident for good: hundreds of bytes a
 * connection. Here almost nothing survives a turn, so small halves cost a few more collections,
 * each of about a millisecond.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * For this process and the threads that it starts from now on. V8 reads the flag each time it wants
 * to grow.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
