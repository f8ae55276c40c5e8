/**
 * pushctl profile: the settings that come under a name, what they do, and whether a file of one's
 * own would be taken. `pushctl bench --profile NAME --explain` shows them merged with everything
 * else.
 */
import { type CommandContext, defineCommand } from '../config/command.ts'
import { nearestName } from '../config/nearest.ts'
import { defineOptions, type OptionsOf } from '../config/option-table.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { ConfigFaults, PushctlError } from '../errors/pushctl-error.ts'
import type { ProfiledVerb } from './profile/profile-file.ts'

const PROFILE_VERB_OPTIONS = defineOptions({
  for: {
    flag: 'for',
    kind: 'enum',
    values: ['bench', 'doctor'],
    default: 'bench',
    env: false,
    help: 'the verb that a FILE is for; a NAME says so itself',
  },
  // Hides the global one: this verb has hardly a setting, its profiles have many.
  explain: {
    flag: 'explain',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'show: each setting with its value, its line, the default and what it does',
  },
})

type Context = CommandContext<OptionsOf<typeof PROFILE_VERB_OPTIONS>>

interface Action {
  readonly namesMin: number
  readonly namesMax: number
  run(context: Context, names: readonly string[]): Promise<number>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  list: { namesMin: 0, namesMax: 0, run: list },
  show: { namesMin: 1, namesMax: 1, run: show },
  check: { namesMin: 1, namesMax: 1_000, run: check },
}

export const command = defineCommand({
  name: 'profile',
  summary: 'list and show named settings of bench and doctor, check a file of them',
  description: 'ACTION is list, show or check. NAME is one that list prints, or a YAML file.',
  arguments: [
    { name: 'ACTION', help: 'list, show or check', required: true },
    { name: 'NAME', help: 'a profile, or a file', repeatable: true },
  ],
  options: PROFILE_VERB_OPTIONS,
  examples: [
    { line: 'pushctl profile list', help: 'what comes with pushctl' },
    { line: 'pushctl profile show mixed-360', help: 'the file, with the reason of each setting' },
    { line: 'pushctl profile show slow-readers --explain', help: 'what each setting of it means' },
    { line: 'pushctl profile check mine.yaml', help: 'everything that is wrong with it, by line' },
  ],
  check: (_, words) => faultsOf(words),
  async run(context) {
    const [name = '', ...names] = context.positional
    return ACTIONS[name].run(context, names)
  },
})

function faultsOf([name = '', ...rest]: readonly string[]): readonly PushctlError[] {
  const fault = (message: string, ...tries: string[]): PushctlError =>
    new PushctlError('PUSHCTL_CONFIG', message, { tries })
  const actions = Object.keys(ACTIONS)
  if (!actions.includes(name)) {
    const nearest = nearestName(name, actions) ?? 'list'
    const got = name.slice(0, 60)
    return [
      fault(`ACTION must be ${actions.join(', ')}, got "${got}"`, `pushctl profile ${nearest}`),
    ]
  }
  const { namesMin, namesMax } = ACTIONS[name]
  if (rest.length >= namesMin && rest.length <= namesMax) return []
  const wanted = namesMin === namesMax ? `${namesMin} NAMEs` : `at least ${namesMin} NAME`
  return [fault(`profile ${name} needs ${wanted}, got ${rest.length}`, `pushctl profile list`)]
}

async function list({ result }: Context): Promise<number> {
  const { checkProfile, knownProfiles } = await import('./profile/profile-file.ts')
  const { tableLines } = await import('../report/table.ts')
  const places = await knownProfiles()
  const profiles = []
  for (const place of places) {
    const { name, verb, description } = await checkProfile(place)
    profiles.push({ name, verb, description })
  }
  const rows = profiles.map(({ name, verb, description }) => [name, verb, description])
  await result({ schema: 'pushctl.profile-list/1', profiles }, tableLines(rows).join('\n'))
  return EXIT.OK
}

async function show({ options, result }: Context, [name]: readonly string[]): Promise<number> {
  const { checkProfile, findProfile, readProfileText } = await import('./profile/profile-file.ts')
  const place = await findProfile(name, options.for as ProfiledVerb)
  const text = await readProfileText(place)
  const { faults, explained, ...profile } = await checkProfile(place)
  if (faults.length > 0) throw new ConfigFaults(faults)
  if (options.explain) {
    const { explainedText } = await import('./profile/profile-explained.ts')
    await result({ schema: 'pushctl.profile/1', ...profile, explained }, explainedText(explained))
    return EXIT.OK
  }
  await result({ schema: 'pushctl.profile/1', ...profile }, text.trimEnd())
  return EXIT.OK
}

async function check({ options, result }: Context, names: readonly string[]): Promise<number> {
  const { checkProfile, findProfile } = await import('./profile/profile-file.ts')
  const faults: PushctlError[] = []
  const profiles = []
  for (const name of names) {
    const place = await findProfile(name, options.for as ProfiledVerb)
    const checked = await checkProfile(place)
    faults.push(...checked.faults)
    profiles.push({ name: checked.name, verb: checked.verb, settings: checked.settings })
  }
  if (faults.length > 0) throw new ConfigFaults(faults)
  const lines = profiles.map(({ name, verb, settings }) => {
    return `${name}: ${Object.keys(settings).length} settings of ${verb}, nothing wrong`
  })
  await result({ schema: 'pushctl.profile-check/1', profiles }, lines.join('\n'))
  return EXIT.OK
}
