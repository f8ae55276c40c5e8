/** Modules of src as they are, bundled in memory: what is simulated is what runs. */
import { build } from 'esbuild'

const ROOT = new URL('..', import.meta.url).pathname

export async function loadSources(names) {
  const { outputFiles } = await build({
    stdin: {
      contents: names.map((name) => `export * from './src/${name}.ts'`).join('\n'),
      resolveDir: ROOT,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['ioredis'],
  })
  const { pathname } = new URL('.', import.meta.url)
  const { mkdirSync, writeFileSync } = await import('node:fs')
  mkdirSync(`${pathname}build`, { recursive: true })
  // Beside node_modules, so that what stays outside is found.
  const file = `${pathname}build/scale-${names.join('-').replaceAll('/', '-')}.mjs`
  writeFileSync(file, outputFiles[0].contents)
  return import(file)
}
