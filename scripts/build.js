/**
 * Bundles src/ into dist/ (esbuild, ESM, packages left outside) and compiles the native add-on.
 * Files are replaced by rename and only where they differ, so a build beside running tests never
 * shows them half a file; the cost is that chunks of older builds stay until `--clean`.
 *
 *   node scripts/build.js [--clean] [--if-possible]
 *
 * --if-possible: without esbuild (npm ci --omit=dev) do nothing
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAddon } from '../native/build.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

/**
 * Name under dist/ → source. A shard entry is started as a thread or process of its own
 * (src/engine/shard-host.ts).
 */
const ENTRIES = {
  cli: 'src/cli/main.ts',
  'server-shard': 'src/server/shard-entry.ts',
  'loadgen-worker': 'src/loadgen/worker-entry.ts',
  'loadgen-publisher': 'src/loadgen/publisher-entry.ts',
  'loadgen-bad-clients': 'src/loadgen/bad-clients/bad-client-entry.ts',
  'host-watch': 'src/commands/bench/host-watch-entry.ts',
  'selftest-responder': 'src/loadgen/selftest/responder-entry.ts',
}

export async function bundle({ clean = false, quiet = false } = {}) {
  const { build } = await import('esbuild')
  const entries = Object.entries(ENTRIES).filter(([, source]) => existsSync(join(root, source)))
  const result = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries),
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    jsx: 'automatic',
    sourcemap: true,
    sourcesContent: false,
    chunkNames: 'chunk-[hash]',
    logLevel: quiet ? 'silent' : 'warning',
    write: false,
  })
  if (clean) rmSync(dist, { recursive: true, force: true })
  mkdirSync(join(dist, 'assets'), { recursive: true })
  const page = await bundlePage(build, quiet)
  for (const file of [...result.outputFiles, ...page]) replaceFile(file.path, file.contents)
  copyAssets()
  return entries.map(([name]) => name)
}

/** Script and style of report.html, with uPlot in them: put into every page as they are. */
async function bundlePage(build, quiet) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/report/page/report-page.js', 'src/report/page/report-page.css'],
    outdir: join(dist, 'assets'),
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: ['chrome110', 'firefox115', 'safari16'],
    banner: { js: '/* with uPlot 1.6, Copyright (c) Leon Sorokin, MIT License */' },
    logLevel: quiet ? 'silent' : 'warning',
    write: false,
  })
  return outputFiles
}

function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, contents)
  renameSync(draft, path)
}

/**
 * src/<part>/assets/ → dist/assets/<part>/: pages and styles that are served or inlined as they
 * are.
 */
function copyAssets() {
  for (const part of readdirSync(join(root, 'src'))) {
    const from = join(root, 'src', part, 'assets')
    if (existsSync(from)) cpSync(from, join(dist, 'assets', part), { recursive: true })
  }
}

function hasEsbuild() {
  try {
    import.meta.resolve('esbuild')
    return existsSync(join(root, 'node_modules/esbuild'))
  } catch {
    return false
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--if-possible') && !hasEsbuild()) {
    console.error(
      'pushctl: esbuild is not installed (devDependencies left out); dist/ stays as it is',
    )
  } else {
    const entries = await bundle({ clean: process.argv.includes('--clean') })
    console.error(`pushctl: built dist/ (${entries.join(', ')})`)
    buildAddon()
  }
}
