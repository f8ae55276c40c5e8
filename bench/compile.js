/**
 * Compiles the C programs of peers/ into build/; nothing is done where a program is newer than its
 * source.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const HERE = new URL('.', import.meta.url).pathname

/** This host cannot do what is asked for: exit 3. */
export class HostFault extends Error {}

/** Returns the path of the program; throws HostFault with what gcc said. */
export function compile(name) {
  const source = join(HERE, 'peers', `${name}.c`)
  const program = join(HERE, 'build', name)
  mkdirSync(join(HERE, 'build'), { recursive: true })
  const age = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (age > statSync(source).mtimeMs) return program
  try {
    execFileSync('gcc', ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new HostFault(
      `gcc must compile ${source}, got: ${String(error.stderr ?? error.message).trim()}`,
    )
  }
  return program
}
