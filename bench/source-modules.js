/** Parts of src/ for a benchmark of one of them, compiled as they are. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = new URL('..', import.meta.url).pathname

/** `modules`: names that are exported, by the file's path below src/ without its ending. */
export async function loadSource(modules) {
  const contents = Object.entries(modules)
    .map(([name, names]) => `export { ${names.join(', ')} } from './src/${name}.ts'`)
    .join('\n')
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  })
  // Where its packages are found.
  const folder = mkdtempSync(join(ROOT, 'bench', '.source-'))
  const file = join(folder, 'source.mjs')
  writeFileSync(file, outputFiles[0].contents)
  try {
    return await import(pathToFileURL(file).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
