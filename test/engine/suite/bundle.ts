/**
 * Bundles a TypeScript fixture, together with one engine, into a file that plain Node can run as a
 * process or worker.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const suiteFolder = dirname(fileURLToPath(import.meta.url))
const root = join(suiteFolder, '..', '..', '..')

const ENGINES = {
  node: { file: 'node-engine.ts', className: 'NodeEngine' },
  epoll: { file: 'epoll-engine.ts', className: 'EpollEngine' },
} as const

export interface BundledFixture {
  readonly file: string
  remove(): void
}

/**
 * The fixture exports `run(Engine)`. The file lies inside the package, so that the engine finds its
 * native part.
 */
export async function bundleFixture(
  kind: keyof typeof ENGINES,
  fixture: string,
): Promise<BundledFixture> {
  const { file: engineFile, className } = ENGINES[kind]
  const folder = join(root, 'node_modules', '.cache', 'engine-suite')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${fixture}-${kind}-${process.pid}.mjs`)
  await build({
    stdin: {
      contents: `
        import { run } from './test/engine/fixtures/${fixture}.ts'
        import { ${className} } from './src/engine/${engineFile}'
        run(${className})
      `,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: file,
    logLevel: 'error',
  })
  return { file, remove: () => rmSync(file, { force: true }) }
}
