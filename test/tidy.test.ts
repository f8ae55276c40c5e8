import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fullTableOf } from '../src/cli/command-line.ts'
import { VERBS } from '../src/cli/verbs.ts'
import { packageRoot } from '../src/config/package-root.ts'
import { ERROR_EXIT_CODES } from '../src/errors/error-codes.ts'

// Style as a failing test (docs/hacking.md#style). Functions of more than 70 lines are found by
// lint (.oxlintrc.json).

const FILE_LINES_MAX = 400
const TEST_LINES_MAX = 500
const LINE_COLUMNS_MAX = 100

/** What each folder of src may import besides itself, and why not more. */
const MAY_IMPORT: Readonly<Record<string, readonly [allowed: readonly string[], reason: string]>> =
  {
    errors: [[], 'errors lie at the bottom: everything may throw one'],
    config: [['errors'], 'config is a leaf: tables and units know nothing of what they set'],
    stats: [['errors', 'config'], 'stats is a leaf: it records numbers, whoever made them'],
    protocol: [['errors'], 'protocol turns bytes into frames: no sockets, no clock, no settings'],
    capacity: [
      ['errors', 'config', 'stats'],
      'capacity is arithmetic over plain values: commands give it reports and facts',
    ],
    engine: [
      ['protocol', 'errors', 'config', 'stats'],
      'the engine moves bytes for whoever is above',
    ],
    ...Object.fromEntries(
      ['server', 'loadgen', 'doctor', 'report', 'cluster'].map((part) => [
        part,
        [
          [
            'engine',
            'protocol',
            'errors',
            'config',
            'stats',
            ...(part === 'server' ? ['cluster'] : []),
          ],
          'server, loadgen, doctor and report meet over sockets and plain values; commands join them',
        ],
      ]),
    ),
    commands: [
      [
        'server',
        'loadgen',
        'doctor',
        'report',
        'cluster',
        'capacity',
        'engine',
        'protocol',
        'errors',
        'config',
        'stats',
      ],
      'a command gets its context from cli and never reaches for argv or process',
    ],
    cli: [
      ['commands', 'errors', 'config'],
      'cli parses and prints errors; the work is behind a command',
    ],
  }

const BANNED_WORDS: ReadonlySet<string> = new Set(
  'manager helper helpers util utils common info temp misc'.split(' '),
)

/** Names of the system that we only repeat. */
const ALLOWED_NAMES: ReadonlySet<string> = new Set(['tcp-info', 'tcpInfo', 'TcpInfo'])

interface TextFile {
  readonly path: string
  readonly lines: readonly string[]
  readonly text: string
}

const root = packageRoot()
const SKIPPED = new Set([
  'node_modules',
  'dist',
  'build',
  'prebuilds',
  'fixtures',
  'coverage',
  '.git',
])

function filesUnder(folder: string, extensions: readonly string[]): TextFile[] {
  if (!existsSync(join(root, folder))) return []
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesUnder(path, extensions)
    return extensions.includes(extname(path)) ? [readText(path)] : []
  })
}

function readText(path: string): TextFile {
  const text = readFileSync(join(root, path), 'utf8')
  return { path, text, lines: text.replace(/\n$/, '').split('\n') }
}

const sources = filesUnder('src', ['.ts', '.tsx'])
const tests = filesUnder('test', ['.ts', '.tsx'])
const scripts = [
  ...filesUnder('scripts', ['.js', '.ts']),
  ...filesUnder('native', ['.js', '.c', '.h']),
]
const documents = [
  ...filesUnder('docs', ['.md']),
  ...filesUnder('profiles', ['.yaml', '.md']),
  ...filesUnder('native', ['.md']),
  ...filesUnder('bench', ['.md', '.ts', '.js']),
  ...['README.md', 'CHANGELOG.md', '.ci/run', 'package.json']
    .filter((path) => existsSync(join(root, path)))
    .map(readText),
]

describe('files', () => {
  it(`of src and scripts have at most ${FILE_LINES_MAX} lines, tests ${TEST_LINES_MAX}`, () => {
    const long = [
      ...[...sources, ...scripts].filter(({ lines }) => lines.length > FILE_LINES_MAX),
      ...tests.filter(({ lines }) => lines.length > TEST_LINES_MAX),
    ]
    expect(long.map(({ path, lines }) => `${path}: ${lines.length}`)).toEqual([])
  })

  it(`have lines of at most ${LINE_COLUMNS_MAX} columns (comments: npm run format)`, () => {
    // Tests may be wider: they hold whole outputs.
    const wide = [...sources, ...scripts].flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        [...line].length > LINE_COLUMNS_MAX ? [`${path}:${index + 1}`] : [],
      ),
    )
    expect(wide).toEqual([])
  })

  it('of src open with a comment that says what they are for', () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?\/(\*\*|\/)/.test(text))
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  it('have kebab-case names without words that say nothing, and no barrel', () => {
    const odd = [...sources, ...tests].filter(({ path }) => {
      const name = basename(path).replace(/(\.test)?\.tsx?$/, '')
      if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || ['data', 'index'].includes(name)) return true
      return !ALLOWED_NAMES.has(name) && name.split('-').some((word) => BANNED_WORDS.has(word))
    })
    expect(odd.map(({ path }) => path)).toEqual([])
  })

  it('hold no focused test and no note of unfinished work', () => {
    const left = [...sources, ...tests, ...scripts].filter(({ text }) =>
      /\b(it|describe|test)\.only\b|\b(TO)DO\b|\bFIX(ME)\b/.test(text),
    )
    expect(left.map(({ path }) => path)).toEqual([])
  })

  it('name no path of the machine they were written on', () => {
    const machine = /(^|[\s"'`(=])\/(work|tmp|root|home)\/\w/m
    const leaking = [...sources, ...tests, ...scripts, ...documents].filter(({ text }) =>
      machine.test(text),
    )
    expect(leaking.map(({ path }) => path)).toEqual([])
  })
})

describe('names', () => {
  const exported =
    /^export (?:async )?(?:abstract )?(const|function|class|interface|type|let) (\w+)/gm

  it('of exports avoid words that say nothing, and process and handle as verbs', () => {
    const odd = sources.flatMap(({ path, text }) =>
      [...text.matchAll(exported)]
        .filter(([, kind, name]) => isOddName(kind!, name!))
        .map(([, , name]) => `${path}: ${name}`),
    )
    expect(odd).toEqual([])
  })

  function isOddName(kind: string, name: string): boolean {
    if (ALLOWED_NAMES.has(name)) return false
    const words = name.split(/(?<=[a-z0-9])(?=[A-Z])|_/).map((word) => word.toLowerCase())
    if (words.some((word) => BANNED_WORDS.has(word)) || name.toLowerCase() === 'data') return true
    return kind === 'function' && /^(process|handle)[A-Z]/.test(name)
  }
})

describe('imports', () => {
  const imported = /(?:\bfrom|\bimport\(?)\s*'(\.{1,2}\/[^']+)'/g

  it('go down only', () => {
    const wrong = sources.flatMap(({ path, text }) => {
      const part = path.split('/')[1]!
      const [allowed, reason] = MAY_IMPORT[part] ?? [[], `src/${part} has no place in tidy.test.ts`]
      return [...text.matchAll(imported)].flatMap(([, target]) => {
        const reached = normalize(join(dirname(path), target!)).split('/')[1]!
        if (reached === part || allowed.includes(reached)) return []
        return [`${path} imports ${target}: ${reason}`]
      })
    })
    expect(wrong).toEqual([])
  })

  it('of hdr-histogram-js stand in stats, those of ink in report/live', () => {
    const homes = { 'hdr-histogram-js': 'src/stats/', ink: 'src/report/live/' }
    const wrong = sources.flatMap(({ path, text }) =>
      Object.entries(homes)
        .filter(([name, home]) => text.includes(`'${name}'`) && !path.startsWith(home))
        .filter(([name]) => new RegExp(`(from|import\\()\\s*'${name}'`).test(text))
        .map(([name]) => `${path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('tests', () => {
  /** Suites over more than one source file. */
  const FREE =
    /^test\/(e2e\/|doctor\/(live\/|severities\.)|server\/fuzz\/|tidy\.|protocol\/(cases|websocket-frames|websocket-peers)\.)/

  it('mirror src: test/x/y.test.ts is about src/x/y.ts, or about all of src/x/y/', () => {
    const known = new Set(sources.map(({ path }) => path.replace(/\.tsx?$/, '')))
    const folders = new Set(sources.map(({ path }) => dirname(path)))
    const orphans = tests
      .map(({ path }) => path)
      .filter((path) => /\.test\.tsx?$/.test(path) && !FREE.test(path))
      .map((path) => path.replace(/^test/, 'src').replace(/\.test\.tsx?$/, ''))
      .filter((path) => !known.has(path) && !folders.has(path))
    expect(orphans).toEqual([])
  })
})

describe('documents', () => {
  it('docs/errors.md has a heading for each error code and no other', () => {
    const headings = [...readText('docs/errors.md').text.matchAll(/^## (PUSHCTL_\w+)$/gm)]
    const codes = Object.keys(ERROR_EXIT_CODES)
    expect(headings.map(([, code]) => code).toSorted()).toEqual(codes.toSorted())
  })

  it('docs/errors.md says the exit code of each error', () => {
    const { text } = readText('docs/errors.md')
    const told = [...text.matchAll(/^## (PUSHCTL_\w+)\n\nExit (\d+)\. /gm)]
    const codes = Object.fromEntries(told.map(([, code, exit]) => [code, Number(exit)]))
    expect(codes).toEqual(ERROR_EXIT_CODES)
  })

  it('docs/cli.md names every option of every verb, and the README every verb', async () => {
    const { text } = readText('docs/cli.md')
    const missing: string[] = []
    for (const verb of VERBS) {
      const section = sectionOf(text, `## pushctl ${verb.name}`)
      const shared = sectionOf(text, '## On every verb')
      for (const row of Object.values(fullTableOf((await verb.load()).command))) {
        const flag = new RegExp(`--(no-)?${row.flag}(?![\\w-])`)
        if (!flag.test(section) && !flag.test(shared)) missing.push(`${verb.name} --${row.flag}`)
      }
      if (!readText('README.md').text.includes(`pushctl ${verb.name}`)) missing.push(verb.name)
    }
    expect(missing).toEqual([])
  })

  it('docs/cli.md names no option that a verb does not have', async () => {
    const { text } = readText('docs/cli.md')
    const surplus: string[] = []
    for (const verb of VERBS) {
      const known = Object.values(fullTableOf((await verb.load()).command)).map(({ flag }) => flag)
      // The first cell of a row lists options; elsewhere other verbs and programs may be named.
      const rows = sectionOf(text, `## pushctl ${verb.name}`).matchAll(/^\| ([^|]*--.*?) \| /gm)
      for (const [, cell] of rows) {
        for (const [, flag] of cell!.matchAll(/--([a-z][a-z-]*)/g)) {
          if (!known.includes(flag!.replace(/^no-/, ''))) surplus.push(`${verb.name} --${flag}`)
        }
      }
    }
    expect(surplus).toEqual([])
  })

  function sectionOf(text: string, heading: string): string {
    const from = text.indexOf(`\n${heading}\n`)
    if (from < 0) return ''
    const to = text.indexOf('\n## ', from + heading.length)
    return text.slice(from, to < 0 ? undefined : to)
  }
})

describe('packages', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  it('are pinned to exact versions', () => {
    const pins = { ...manifest.dependencies, ...manifest.devDependencies }
    const loose = Object.entries(pins).filter(([, pin]) => !/^\d+\.\d+\.\d+$/.test(String(pin)))
    expect(loose).toEqual([])
  })

  it('are locked without the address of any registry', () => {
    expect(readText('package-lock.json').text).not.toContain('"resolved"')
  })
})
