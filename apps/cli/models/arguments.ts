import { UsageError } from '#lib/app/usage-error.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'

export type ModelsArguments = Readonly<{
  /** Null: what PREFIX says, else the last run. */
  run: string | null
  json: boolean
}> &
  (
    | Readonly<{ action: 'ls' }>
    | Readonly<{ action: 'show'; modelId: string }>
    | Readonly<{ action: 'compare'; modelId: string; against: string }>
    | Readonly<{ action: 'promote'; modelId: string; reason: string }>
    | Readonly<{ action: 'rollback'; reason: string }>
    | Readonly<{ action: 'hold'; reason: string }>
    | Readonly<{ action: 'release'; reason: string }>
  )

export const modelsHelp = `flipstream models: which models there are, which one prices, and who decides that

  flipstream models ls                    all that were announced, which is in force, and whether people hold decisions
  flipstream models show ID               what it learnt from, how good it was, when it was in force, how it stands beside the others
  flipstream models compare A B           how A stands beside B on the same sales, by what the learner wrote while either of them priced:
                                          how much better, between which bounds, on how many sales, and about how many more it takes
                                          (rule:similar-sales is the forecast that needs no model)
  flipstream models promote ID            from the next event on, listings are priced by it
  flipstream models rollback              back to the model that was in force before
  flipstream models hold                  people decide: the learner goes on comparing and promotes or rolls back nothing; what it would
                                          have done is told to people
  flipstream models release               the learner decides again

  --reason TEXT   stands in the record of the decision (default: by hand)
  --run NAME      another run than the last (flipstream runs ls); for a deployment without runs set PREFIX, empty or not
  --json          print one JSON object, and nothing else on stdout

flipstream train --publish announces a model. Promotion is an event of the market, in the one order of all others: no listing is lost or
priced twice. A bundle that is missing, damaged, of other features, of another market, or barred is refused, and the model in force stays.
Holding and releasing are such events, too. While decisions are held, promote and rollback work as ever.
`

const options = {
  reason: { type: 'string' },
  run: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** How many models each is about. */
const modelCounts = { ls: 0, show: 1, compare: 2, promote: 1, rollback: 0, hold: 0, release: 0 } as const

const isAction = (word: string | undefined): word is ModelsArguments['action'] => word !== undefined && Object.hasOwn(modelCounts, word)

/** Throws UsageError before anything is read or written. */
export function parseModelsArguments(argv: readonly string[]): ModelsArguments {
  const { values, positionals } = parseOptions('flipstream models', argv, { options, allowPositionals: true })
  const [action, ...models] = positionals
  if (!isAction(action)) throw new UsageError(modelsHelp)
  const wanted = modelCounts[action]
  if (models.length < wanted)
    throw new UsageError(`models ${action}: ${wanted === 1 ? 'which' : 'which two'}? flipstream models ls lists them`)
  const surplus = models.slice(wanted)
  if (surplus.length > 0) throw new UsageError(`models ${action}: does not know what to do with ${surplus.join(' ')}`)
  const common = { run: values.run ?? null, json: values.json ?? false }
  const reason = values.reason ?? 'by hand'
  const [modelId, against] = models as [string, string]
  switch (action) {
    case 'ls':
      return { ...common, action }
    case 'show':
      return { ...common, action, modelId }
    case 'compare':
      return { ...common, action, modelId, against }
    case 'promote':
      return { ...common, action, modelId, reason }
    default:
      return { ...common, action, reason }
  }
}
