import { writeFileSync } from 'node:fs'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { FatalError, FencedError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { type TopicName, topicName, topics } from '#lib/market/topics.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { type DlqArguments, dlqHelp, parseDlqArguments } from './arguments.ts'
import { formatLetter, formatList, formatRedrive, letterJson } from './format.ts'
import { isIn, isInState, type Letter, readLetters } from './letters.ts'
import { redrive } from './redrive.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Looking = Readonly<{ backend: Backend; prefix: string }>

const say = (line: string) => void process.stderr.write(`${line}\n`)

/** `flipstream dlq`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(dlqHelp)
    return exitCodes.done
  }
  const options = parseDlqArguments(argv)
  const prefix = prefixOfChoice(checkoutRoot, { run: options.run, prefix: env['PREFIX'] })
  try {
    const stack = await resolveStack({ env, onProgress: say, allowEmbedded: false })
    const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}dlq` })
    try {
      await requireTopic({ backend, prefix })
      return await act(options, { backend, prefix })
    } finally {
      await backend.close()
    }
  } catch (error) {
    if (!(error instanceof FatalError || error instanceof RetryableError || error instanceof FencedError)) throw error
    say(`${error.message}\nNothing is half done: what was redriven is marked, and running this again goes on with the rest.`)
    return exitCodes.failed
  }
}

async function requireTopic({ backend, prefix }: Looking): Promise<void> {
  const admin = backend.log.admin()
  const existing = await admin.listTopics().finally(() => admin.close())
  const wanted = topicName(prefix, 'dead-letters')
  if (!existing.includes(wanted))
    throw new UsageError(`dlq: there is no topic ${wanted}. Name a run with --run (flipstream runs ls lists them), or set PREFIX`)
}

function act(options: DlqArguments, looking: Looking): Promise<number> {
  if (options.action === 'ls') return list(options, looking)
  if (options.action === 'show') return show(options, looking)
  return sendBack(options, looking)
}

type ArgumentsOf<Action> = Extract<DlqArguments, { action: Action }>

async function list({ filter, state, limit, json }: ArgumentsOf<'ls'>, { backend, prefix }: Looking): Promise<number> {
  const letters = (await readLetters(backend.log, prefix, (letter) => isIn(filter, letter))).filter((letter) => isInState(state, letter))
  process.stdout.write(
    json ? `${JSON.stringify({ total: letters.length, letters: letters.slice(-limit).map(letterJson) })}\n` : formatList(letters, limit),
  )
  return exitCodes.done
}

async function show({ ids, valueFile, json }: ArgumentsOf<'show'>, looking: Looking): Promise<number> {
  const letters = await readLetters(looking.backend.log, looking.prefix, ({ id }) => ids.includes(id))
  const missing = ids.filter((id) => !letters.some((letter) => letter.id === id))
  if (missing.length > 0) throw new UsageError(`dlq show: there is no letter ${missing.join(', ')} (dlq ls lists them)`)
  if (valueFile !== null) writeFileSync(valueFile, letters[0]!.record.value ?? '')
  if (json) process.stdout.write(`${JSON.stringify({ letters: letters.map(letterJson) })}\n`)
  else for (const letter of letters) process.stdout.write(`${formatLetter(letter, await decode(letter, looking))}\n`)
  return exitCodes.done
}

async function decode({ topic, record: { value } }: Letter, { backend }: Looking): Promise<{ value: unknown } | { problem: string }> {
  const schema = topic in topics ? topics[topic as TopicName].schema : null
  if (schema === null || value === null) return { problem: 'nothing here has a schema' }
  try {
    return { value: await backend.codec.decode(schema, value) }
  } catch (error) {
    if (!(error instanceof RejectedError || error instanceof RetryableError)) throw error
    return { problem: `not readable as ${schema}: ${error.message}` }
  }
}

async function sendBack({ ids, filter, limit, dryRun, json }: ArgumentsOf<'redrive'>, { backend, prefix }: Looking): Promise<number> {
  const isWanted = (letter: Letter) => (ids.length > 0 ? ids.includes(letter.id) : isIn(filter, letter))
  const onProgress = (sent: number, total: number) => say(`redriven ${sent} of ${total}`)
  const candidates = await redrive({ log: backend.log, prefix, isWanted, limit, dryRun, onProgress })
  const unknown = ids.filter((id) => !candidates.some(({ letter }) => letter.id === id))
  if (unknown.length > 0) say(`not waiting (redriven before, or no such letter): ${unknown.join(', ')}`)
  const letters = candidates.map(({ letter, obstacle }) => ({ ...letterJson(letter), obstacle }))
  const redriven = candidates.filter(({ obstacle }) => obstacle === null).length
  process.stdout.write(json ? `${JSON.stringify({ dryRun, redriven, letters })}\n` : formatRedrive(candidates, dryRun))
  return unknown.length === 0 ? exitCodes.done : exitCodes.failed
}
