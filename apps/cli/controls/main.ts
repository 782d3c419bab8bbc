import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { type ControlState, controlRecord, followControls } from '#lib/decisions/controls.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import { topicName } from '#lib/market/topics.ts'
import { readSpentBook, spentWords } from '#lib/marketplace/spent-book.ts'
import { openBackend } from '#lib/running/backend.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { minute } from '#lib/words/format.ts'
import type { Control, ControlKind, KeySpent } from '#schemas/types.ts'

type Environment = Readonly<Record<string, string | undefined>>

const help = `flipstream controls: what the notifier may say, from any machine, at once, and across restarts

  flipstream controls ls                 what holds now
  flipstream controls pause | resume     no alerts until resume; those past their deadline by then are dropped and counted
  flipstream controls mute SELLER        no alerts about a seller; unmute SELLER takes it back
  flipstream controls pause-rule RULE    no alerts of a rule; resume-rule RULE takes it back, also where the ledger paused it for what it lost
  flipstream controls ask-again          the marketplace's key is spent no longer, whoever was told so: a larger quota was bought
  flipstream controls kill | revive      the kill switch: nothing is posted or edited, what comes is dropped and counted

  --reason TEXT  why, for those who look
  --by NAME      who says so (default: command line)
  --run NAME     another run than the last (flipstream runs ls); for a deployment without runs set PREFIX, empty or not
  --json         print one JSON object, and nothing else on stdout
`

/** Not one of the notifier's: it is about who may ask the marketplace. */
const askAgain = 'ask-again'

const kinds: Readonly<Record<string, ControlKind>> = {
  pause: 'pause',
  resume: 'resume',
  kill: 'kill',
  revive: 'revive',
  mute: 'mute_seller',
  unmute: 'unmute_seller',
  'pause-rule': 'pause_rule',
  'resume-rule': 'resume_rule',
}

/** What some of them are about. */
const subjects: Partial<Readonly<Record<ControlKind, string>>> = {
  mute_seller: 'seller',
  unmute_seller: 'seller',
  pause_rule: 'rule',
  resume_rule: 'rule',
}

type Arguments = Readonly<{
  kind: ControlKind | typeof askAgain | null
  subject: string | null
  by: string
  reason: string | null
  run: string | null
  json: boolean
}>

/** `flipstream controls`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help)
    return exitCodes.done
  }
  const options = parse(argv)
  const prefix = prefixOfChoice(checkoutRoot, { run: options.run, prefix: env['PREFIX'] })
  try {
    const stack = await resolveStack({ env, onProgress: (line) => void process.stderr.write(`${line}\n`), allowEmbedded: false })
    const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}controls` })
    try {
      process.stdout.write(await tell(options, { ...backend, prefix }))
      return exitCodes.done
    } finally {
      await backend.close()
    }
  } catch (error) {
    if (!(error instanceof FatalError || error instanceof RetryableError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

type Looking = ReturnType<typeof openBackend> & { prefix: string }

async function tell({ kind, subject, by, reason, json }: Arguments, { log, codec, prefix }: Looking): Promise<string> {
  if (kind === askAgain) await forgetSpent({ log, codec, prefix })
  else if (kind !== null) {
    await codec.prepare(['Control'])
    const producer = log.producer()
    try {
      await producer.send([controlRecord(codec, prefix, { kind, subject, by, reason, at: systemClock.now() })])
    } finally {
      await producer.close()
    }
  }
  const controls = await followControls({ log, codec, prefix })
  await controls.stop()
  const spent = await spentNow({ log, codec, prefix })
  if (json) return `${JSON.stringify({ ...asJson(controls.state()), spent })}\n`
  return `${format(controls.state())}${spent.map((one) => `${spentWords(one)}\n`).join('')}`
}

/** A run from before there was such a topic has none. */
const spentNow = ({ log, codec, prefix }: Pick<Looking, 'log' | 'codec' | 'prefix'>): Promise<readonly KeySpent[]> =>
  readSpentBook({ log, codec, prefix, clock: systemClock }).then(
    (book) => book.holding(),
    (error: unknown) => {
      if (error instanceof RetryableError) return []
      throw error
    },
  )

async function forgetSpent({ log, codec, prefix }: Pick<Looking, 'log' | 'codec' | 'prefix'>): Promise<void> {
  const book = await readSpentBook({ log, codec, prefix, clock: systemClock })
  const topic = topicName(prefix, 'marketplace.key')
  const producer = log.producer()
  try {
    await producer.send(book.logKeys().map((key) => ({ topic, key, value: null })))
  } finally {
    await producer.close()
  }
}

const asJson = ({ paused, killed, muted, pausedRules }: ControlState) => ({
  paused,
  killed,
  muted: [...muted.values()],
  pausedRules: [...pausedRules.values()],
})

function format({ paused, killed, muted, pausedRules }: ControlState): string {
  const since = ({ by, at }: Control) => `since ${minute(at)} UTC, by ${by ?? 'someone'}`
  return [
    killed === null ? [] : [`KILLED ${since(killed)}: nothing is posted until revive`],
    paused === null ? [] : [`paused ${since(paused)}`],
    [...muted].map(([seller, control]) => `muted ${seller} ${since(control)}`),
    [...pausedRules].map(
      ([rule, control]) => `rule ${rule} paused ${since(control)}${control.reason == null ? '' : `: ${control.reason}`}`,
    ),
    killed === null && paused === null ? ['alerts are posted'] : [],
  ]
    .flat()
    .map((line) => `${line}\n`)
    .join('')
}

function parse(argv: readonly string[]): Arguments {
  const { values, positionals } = parsed(argv)
  const [action = '', subject = null, ...rest] = positionals
  const kind = action === 'ls' ? null : action === askAgain ? askAgain : kinds[action]
  if (kind === undefined) throw new UsageError(help)
  const wanted = kind === null || kind === askAgain ? undefined : subjects[kind]
  if (wanted !== undefined && subject === null) throw new UsageError(`controls ${action}: which ${wanted}?`)
  if ((wanted === undefined && subject !== null) || rest.length > 0)
    throw new UsageError(`controls ${action}: does not know what to do with ${positionals.slice(wanted === undefined ? 1 : 2).join(' ')}`)
  return {
    kind,
    subject,
    by: values.by ?? 'command line',
    reason: values.reason ?? null,
    run: values.run ?? null,
    json: values.json ?? false,
  }
}

const parsed = (argv: readonly string[]) =>
  parseOptions('flipstream controls', argv, {
    options: { by: { type: 'string' }, reason: { type: 'string' }, run: { type: 'string' }, json: { type: 'boolean' } },
    allowPositionals: true,
  })
