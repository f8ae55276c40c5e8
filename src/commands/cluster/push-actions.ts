/** `pushctl cluster push` and `broadcast`: through any node, and waited for where that is asked. */
import type { CommandContext } from '../../config/command.ts'
import { EXIT } from '../../errors/exit-codes.ts'
import type { ClusterOptions } from '../cluster-options.ts'
import { readPayload } from '../push/payload-source.ts'
import { nodesToAsk } from './any-node.ts'
import type { ClusterWork } from './cluster-work.ts'
import { type PushedThrough, type PushWish, pushThroughAny, readProgress } from './push-any.ts'
import { hasReachedAll, progressText, untilServed } from './push-wait.ts'

type Context = CommandContext<ClusterOptions>

/** Words: DEVICE, then PAYLOAD where it is not in a file. */
export async function push(context: Context, work: ClusterWork, words: readonly string[]) {
  const [device, text] = words
  return send(context, work, [device], text)
}

/** Words: PAYLOAD where it is not in a file. */
export async function broadcast(context: Context, work: ClusterWork, [text]: readonly string[]) {
  const { tag } = context.options
  return send(context, work, tag === undefined ? 'all' : { tag }, text)
}

async function send(
  context: Context,
  work: ClusterWork,
  to: PushWish['to'],
  text: string | undefined,
): Promise<number> {
  const { options, stdin, signal, note, result } = context
  const { qos, ttlMs, id, wait, file, cluster, node } = options
  const payload = await readPayload({ text, file, stdin, signal })
  const wish = {
    ...{ to, payload64: payload.toString('base64'), qos: Number(qos) },
    ...(ttlMs === undefined ? {} : { ttlSeconds: Math.ceil(ttlMs / 1000) }),
    ...(id === undefined ? {} : { id }),
  }
  const first = cluster === undefined ? node : ''
  const pushed = await pushThroughAny(work, await nodesToAsk(work, first), wish)
  const schema = 'pushctl.cluster-push/1'
  if (!wait) {
    await result({ schema, ...pushed }, sentence(pushed))
    return EXIT.OK
  }
  note(sentence(pushed))
  // The list anew each time: nodes come and go while a broadcast is under way.
  const read = async () => readProgress(work, await nodesToAsk(work, first), pushed.pushId)
  const progress = await untilServed(work, read)
  const told = progress === null ? `nothing is known of ${pushed.pushId}` : progressText(progress)
  await result({ schema, ...pushed, ...progress }, told)
  return progress !== null && hasReachedAll(progress) ? EXIT.OK : EXIT.TARGET
}

function sentence({ pushId, node, stored, online }: PushedThrough): string {
  const how = stored > 0 ? 'stored, ' : ''
  return `push ${pushId} through ${node}: ${how}${online} online`
}
