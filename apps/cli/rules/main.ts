import { readFileSync } from 'node:fs'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { publishRules } from '#lib/decisions/publish-rules.ts'
import { FatalError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { describeRecord } from '#lib/rules/expression-record.ts'
import { type RuleSet, rulesHashOf } from '#lib/rules/rule-set.ts'
import { parseRulesFile, RulesFileError } from '#lib/rules/rules-file.ts'
import { openBackend } from '#lib/running/backend.ts'
import { lastRun, openArchive, openRun } from '#lib/running/open-archive.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { parseRulesArguments, type RulesArguments, rulesHelp } from './arguments.ts'
import { countArchived, type FiringCounts } from './count-firings.ts'
import { formatFirings } from './format.ts'

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
    const rules = parseRulesFile(readRules(options.file), options.file)
    process.stdout.write(options.action === 'check' ? await check(rules, options, env) : await publish(rules, options, env))
    return exitCodes.done
  } catch (error) {
    const isExpected =
      error instanceof RulesFileError || error instanceof FatalError || error instanceof RejectedError || error instanceof RetryableError
    if (!isExpected) throw error
    say(error.message)
    return exitCodes.failed
  }
}

function readRules(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`rules: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

async function check(rules: RuleSet, options: Extract<RulesArguments, { action: 'check' }>, env: Environment): Promise<string> {
  const rulesHash = rulesHashOf(rules)
  const counts = options.against === null ? null : await countAgainst(rules, options.against, options.run, env)
  if (options.json) return `${JSON.stringify({ name: rules.name, rulesHash, rules: rules.rules.map(({ name }) => name), ...counts })}\n`
  const fine = `${options.file}: ${rules.rules.length} rules, as rule set ${rulesHash.slice(0, 12)}\n`
  return counts === null ? fine : `${fine}${formatFirings(counts)}`
}

async function countAgainst(rules: RuleSet, against: string, run: string | null, env: Environment): Promise<FiringCounts> {
  const opened = against === 'archive' ? await openRun(run ?? lastRun(), env) : await openArchive(against, env)
  try {
    return await countArchived(rules, opened.archive, (count) => say(`${count} listings judged`))
  } finally {
    await opened.close()
  }
}

async function publish(rules: RuleSet, options: Extract<RulesArguments, { action: 'publish' }>, env: Environment): Promise<string> {
  const prefix = prefixOfChoice(checkoutRoot, { run: options.run, prefix: env['PREFIX'] })
  const stack = await resolveStack({ env, onProgress: say, allowEmbedded: false })
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}rules` })
  try {
    const result = await publishRules({ ...backend, prefix }, rules, options.reason)
    if (options.json) return `${JSON.stringify({ name: rules.name, ...result })}\n`
    return `${rules.name} judges from now on, as rule set ${result.rulesHash.slice(0, 12)}\n`
  } finally {
    await backend.close()
  }
}
