/**
 * Compiles native/*.c to native/build/socket-shim.node. Plain Node-API C needs no
 * node-gyp and no Python, one compiler call of 0.1 s; the same binary serves every Node version. It
 * must never fail an installation: without a compiler pushctl runs on the packed prebuild, and
 * without that on the node engine.
 *
 *   node native/build.js             compile where needed; always ends with 0
 *   node native/build.js --strict    the same, but ends with 1 where there is no fresh add-on (CI)
 *   node native/build.js --prebuild  compile and copy to native/prebuilds/ (npm pack)
 *   node native/build.js --drop-prebuild
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const native = dirname(fileURLToPath(import.meta.url))
const files = readdirSync(native).map((name) => join(native, name))
const sources = files.filter((file) => file.endsWith('.c'))
const headers = files.filter((file) => file.endsWith('.h'))
const target = join(native, 'build', 'socket-shim.node')
const prebuild = join(
  native,
  'prebuilds',
  `${process.platform}-${process.arch}`,
  'socket-shim.node',
)
const FLAGS = ['-O3', '-shared', '-fPIC', '-fvisibility=hidden', '-Wall']

/** Returns true where native/build/socket-shim.node is there and fresh. */
export function buildAddon() {
  if (process.platform !== 'linux' || sources.length === 0) return false
  if (isFresh()) return true
  const nodeHeaders = headersFolder()
  if (nodeHeaders === null) return fallBack('node-api-headers is not installed')
  for (const compiler of [process.env.CC, 'cc', 'gcc', 'clang']) {
    if (!compiler) continue
    const outcome = compile(compiler, nodeHeaders)
    if (outcome === 'built') return true
    if (outcome === 'failed') return fallBack(`${compiler} could not compile native/*.c`)
  }
  return fallBack('no C compiler found')
}

function isFresh() {
  if (!existsSync(target)) return false
  const builtMs = statSync(target).mtimeMs
  return [...sources, ...headers].every((file) => statSync(file).mtimeMs <= builtMs)
}

function compile(compiler, nodeHeaders) {
  mkdirSync(dirname(target), { recursive: true })
  const draft = `${target}.${process.pid}`
  const run = spawnSync(compiler, [...FLAGS, '-I', nodeHeaders, '-o', draft, ...sources], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (run.error) return 'absent'
  if (run.status !== 0) {
    rmSync(draft, { force: true })
    return 'failed'
  }
  renameSync(draft, target)
  return 'built'
}

function headersFolder() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir
  } catch {
    return null
  }
}

function fallBack(reason) {
  const instead = existsSync(prebuild) ? 'the packed add-on' : 'the node engine'
  console.error(`pushctl: ${reason}; ${instead} will be used`)
  return false
}

function main(flags) {
  if (flags.includes('--drop-prebuild')) {
    rmSync(join(native, 'prebuilds'), { recursive: true, force: true })
    return 0
  }
  const fresh = buildAddon()
  if (fresh && flags.includes('--prebuild')) {
    mkdirSync(dirname(prebuild), { recursive: true })
    copyFileSync(target, prebuild)
  }
  return flags.includes('--strict') && !fresh ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2))
