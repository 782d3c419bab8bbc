import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { publishRules, rollBackRules } from '#lib/decisions/publish-rules.ts'
import { type RulesHistory, readRules, rulesInForce } from '#lib/decisions/read-rules.ts'
import { FatalError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { describeRecord } from '#lib/rules/expression-record.ts'
import { presetNames, readNamedRules } from '#lib/rules/named-rules.ts'
import { type RuleSet, rulesHashOf } from '#lib/rules/rule-set.ts'
import { RulesFileError } from '#lib/rules/rules-file.ts'
import { openBackend } from '#lib/running/backend.ts'
import { lastRun, openArchive, openRun } from '#lib/running/open-archive.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { parseRulesArguments, type RulesArguments, rulesHelp } from './arguments.ts'
import { type ArchivedCounts, countArchived } from './count-firings.ts'
import { formatFirings, formatHistory, formatMoney } from './format.ts'

type Environment = Readonly<Record<string, string | undefined>>

const say = (line: string) => void process.stderr.write(`${line}\n`)

/** `flipstream rules`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  const options = parseRulesArguments(argv)
  if (options === null || options.action === 'fields') {
    process.stdout.write(options === null ? rulesHelp : `${describeRecord().join('\n')}\n`)
    return exitCodes.done
  }
  try {
    process.stdout.write(options.action === 'check' ? await check(readRulesOf(options.file), options, env) : await answer(options, env))
    return exitCodes.done
  } catch (error) {
    const isExpected =
      error instanceof RulesFileError || error instanceof FatalError || error instanceof RejectedError || error instanceof RetryableError
    if (!isExpected) throw error
    say(error.message)
    return exitCodes.failed
  }
}

function readRulesOf(given: string): RuleSet {
  try {
    return readNamedRules(given)
  } catch (error) {
    if (error instanceof RulesFileError) throw error
    throw new UsageError(
      `rules: ${given} is neither ${presetNames.join(' nor ')}, and cannot be read (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}

async function check(rules: RuleSet, options: Extract<RulesArguments, { action: 'check' }>, env: Environment): Promise<string> {
  const rulesHash = rulesHashOf(rules)
  const counts = options.against === null ? null : await countAgainst(rules, options.against, options.run, env)
  if (options.json) return `${JSON.stringify({ name: rules.name, rulesHash, rules: rules.rules.map(({ name }) => name), ...counts })}\n`
  const fine = `${options.file}: ${rules.rules.length} rules, as rule set ${rulesHash.slice(0, 12)}\n`
  return counts === null ? fine : `${fine}${formatFirings(counts)}${counts.money === null ? '' : formatMoney(counts.money)}`
}

async function countAgainst(rules: RuleSet, against: string, run: string | null, env: Environment): Promise<ArchivedCounts> {
  const opened = against === 'archive' ? await openRun(run ?? lastRun(), env) : await openArchive(against, env)
  try {
    return await countArchived(rules, opened.archive, (count) => say(`${count} listings judged`))
  } finally {
    await opened.close()
  }
}

type Decision = Exclude<RulesArguments, { action: 'check' | 'fields' }>

/** What asks the servers. */
async function answer(options: Decision, env: Environment): Promise<string> {
  // A file's mistakes are told before a server is touched.
  const rules = options.action === 'publish' ? readRulesOf(options.file) : null
  const prefix = prefixOfChoice(checkoutRoot, { run: options.run, prefix: env['PREFIX'] })
  const stack = await resolveStack({ env, onProgress: say, allowEmbedded: false })
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}rules` })
  const context = { ...backend, prefix }
  try {
    if (options.action === 'ls') return history(await readRules(context), options)
    const result =
      rules === null
        ? await rollBackRules(context, options.reason)
        : { name: rules.name, ...(await publishRules(context, rules, options.reason)) }
    if (options.json) return `${JSON.stringify(result)}\n`
    return `${result.name} judges from now on, as rule set ${result.rulesHash.slice(0, 12)}. flipstream rules rollback goes back.\n`
  } finally {
    await backend.close()
  }
}

const nameOf = (rules: string): string => (JSON.parse(rules) as { name: string }).name

function history(read: RulesHistory, { json }: { json: boolean }): string {
  if (!json) return formatHistory(read, nameOf)
  const changes = read.changes.map(({ rules, ...change }) => ({ ...change, name: nameOf(rules), rules: JSON.parse(rules) as unknown }))
  const inForce = rulesInForce(read)
  return `${JSON.stringify({ inForce: inForce === null ? null : { rulesHash: inForce.rulesHash, name: nameOf(inForce.rules) }, isWhole: read.isWhole, changes })}\n`
}
