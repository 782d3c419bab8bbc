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
    | Readonly<{ action: 'promote'; modelId: string; reason: string }>
    | Readonly<{ action: 'rollback'; reason: string }>
  )

export const modelsHelp = `flipstream models: which models there are, and which one prices

  flipstream models ls                    all that were announced, and which is in force
  flipstream models show ID               what it learnt from, how good it was, when it was in force
  flipstream models promote ID            from the next event on, listings are priced by it
  flipstream models rollback              back to the model that was in force before

  --reason TEXT   stands in the record of the decision (default: by hand)
  --run NAME      another run than the last (flipstream runs ls); for a deployment without runs set PREFIX, empty or not
  --json          print one JSON object, and nothing else on stdout

flipstream train --publish announces a model. Promotion is an event of the market, in the one order of all others: no listing is lost or
priced twice. A bundle that is missing, damaged, of other features or of another market is refused, and the model in force stays.
`

const options = {
  reason: { type: 'string' },
  run: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** Throws UsageError before anything is read or written. */
export function parseModelsArguments(argv: readonly string[]): ModelsArguments {
  const { values, positionals } = parse(argv)
  const [action, modelId, ...rest] = positionals
  const common = { run: values.run ?? null, json: values.json ?? false }
  const reason = values.reason ?? 'by hand'
  const takesModel = action === 'show' || action === 'promote'
  if (!(takesModel || action === 'ls' || action === 'rollback')) throw new UsageError(modelsHelp)
  if (takesModel && modelId === undefined) throw new UsageError(`models ${action}: which? flipstream models ls lists them`)
  const surplus = takesModel ? rest : positionals.slice(1)
  if (surplus.length > 0) throw new UsageError(`models ${action}: does not know what to do with ${surplus.join(' ')}`)
  if (action === 'show') return { ...common, action, modelId: modelId as string }
  if (action === 'promote') return { ...common, action, modelId: modelId as string, reason }
  return action === 'ls' ? { ...common, action } : { ...common, action, reason }
}

const parse = (argv: readonly string[]) => parseOptions('flipstream models', argv, { options, allowPositionals: true })
