import { UsageError } from '#lib/app/usage-error.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { presetNames } from '#lib/rules/named-rules.ts'

export type RulesArguments =
  | Readonly<{ action: 'fields' }>
  | Readonly<{
      action: 'check'
      file: string
      /** Null: the file alone is checked. `archive`: that of the run. */
      against: string | null
      run: string | null
      json: boolean
    }>
  | Readonly<{ action: 'publish'; file: string; run: string | null; reason: string; json: boolean }>
  | Readonly<{ action: 'ls'; run: string | null; json: boolean }>
  | Readonly<{ action: 'rollback'; run: string | null; reason: string; json: boolean }>

export const rulesHelp = `flipstream rules: which listings deserve an alert, in your own words (YAML, conditions in CEL; see examples/rules)

  flipstream rules check RULES                     every mistake, with line and column
  flipstream rules check RULES --against archive   what each rule would have fired on of what the last run archived, and what came of its
                                                  picks in dollars, beside the rules in force then
  flipstream rules check RULES --against WHAT      the same on ${archiveForms}
  flipstream rules publish RULES                   from the next event of the market on, listings are judged by them; no restart
  flipstream rules ls                              which rules judged from when on, and why
  flipstream rules rollback                        publishes the rules that were in force before
  flipstream rules fields                          what a condition may name

  RULES           a file, or ${presetNames.join(' or ')}
  --reason TEXT   stands in the record of the decision (default: by hand)
  --run NAME      another run than the last (flipstream runs ls); for a deployment without runs set PREFIX, empty or not
  --json          print one JSON object, and nothing else on stdout
`

const options = {
  against: { type: 'string' },
  reason: { type: 'string' },
  run: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** Null: help was asked for. Throws UsageError before anything is read or written. */
export function parseRulesArguments(argv: readonly string[]): RulesArguments | null {
  if (argv.includes('--help') || argv.includes('-h')) return null
  const { values, positionals } = parse(argv)
  const [action, file, ...rest] = positionals
  if (action === 'fields' && file === undefined) return { action }
  const { run = null, json = false, against = null, reason } = values
  if (action === 'ls' || action === 'rollback') {
    if (file !== undefined) throw new UsageError(`rules ${action}: does not know what to do with ${file}`)
    if (against !== null) throw new UsageError(`rules ${action}: --against goes with check`)
    if (action === 'rollback') return { action, run, reason: reason ?? 'by hand', json }
    if (reason !== undefined) throw new UsageError('rules ls: --reason goes with publish and rollback')
    return { action, run, json }
  }
  if (action !== 'check' && action !== 'publish') throw new UsageError(rulesHelp)
  if (file === undefined)
    throw new UsageError(`rules ${action}: name a rules file, such as examples/rules/combos.yaml, or ${presetNames.join(' or ')}`)
  if (rest.length > 0) throw new UsageError(`rules ${action}: does not know what to do with ${rest.join(' ')}`)
  if (action === 'check') {
    if (reason !== undefined) throw new UsageError('rules check: --reason goes with publish')
    return { action, file, against, run, json }
  }
  if (against !== null) throw new UsageError('rules publish: --against goes with check')
  return { action, file, run, reason: reason ?? 'by hand', json }
}

const parse = (argv: readonly string[]) => parseOptions('flipstream rules', argv, { options, allowPositionals: true })
