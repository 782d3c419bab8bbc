import { writeFile } from 'node:fs/promises'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { acceptedFile, readAccepted, writeAccepted } from '#lib/validation/accepted.ts'
import { dataDocs } from '#lib/validation/data-docs.ts'
import type { Suite } from '#lib/validation/expectation.ts'
import { describeProfile, profileRows } from '#lib/validation/profile.ts'
import { freshness } from '#lib/validation/suites.ts'
import { type ExpectationResult, type Validation, validateRows } from '#lib/validation/validate.ts'
import { count } from '#lib/words/format.ts'
import { parseValidateArguments, type ValidateArguments, validateHelp } from './arguments.ts'
import { readData } from './read-data.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `flipstream validate`. @param root where the last accepted data set is remembered */
export async function run(argv: readonly string[], env: Environment, root: string = checkoutRoot): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(validateHelp)
    return exitCodes.done
  }
  const options = parseValidateArguments(argv)
  try {
    return await validateData(options, env, root)
  } catch (error) {
    if (!(error instanceof RejectedError || error instanceof FatalError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

async function validateData(options: ValidateArguments, env: Environment, root: string): Promise<number> {
  const { freshHours, reportFile, accept, json } = options
  const { name, source, suite, rows } = await readData(options.data, env)
  const remembered = acceptedFile(root, source)
  const reference = accept ? null : await readAccepted(remembered)
  const validation = validateRows(withFreshness(suite, freshHours), rows, { asOf: systemClock.now(), reference })
  if (reportFile !== null) {
    await writeFile(reportFile, dataDocs({ data: name, validation, reference: reference === null ? null : describeProfile(reference) }))
  }
  if (accept && validation.accepted) {
    await writeAccepted(remembered, profileRows(rows.filter((_, place) => !validation.badRows.has(place))))
  }
  process.stdout.write(json ? `${JSON.stringify(toJson(validation))}\n` : formatValidation(name, validation))
  return validation.accepted ? exitCodes.done : exitCodes.failed
}

const withFreshness = (suite: Suite, hours: number | null): Suite =>
  hours === null ? suite : { ...suite, expectations: [...suite.expectations, freshness(hours)] }

const toJson = ({ badRows, ...validation }: Validation) => ({ ...validation, rowsLeftOut: badRows.size })

/** Everything that failed, and in one line what did not. */
function formatValidation(data: string, { accepted, suite, rows, results, badRows }: Validation): string {
  const resultsOf = (status: ExpectationResult['status']) => results.filter((result) => result.status === status).length
  return `${[
    `${accepted ? 'accepted' : 'REFUSED'}: ${data}, ${count(rows)} sales against the suite ${suite}`,
    ...results.filter(({ status }) => status === 'failed').flatMap(linesOf),
    `${resultsOf('passed')} expectations passed, ${resultsOf('not evaluated')} were not evaluated; ${badRows.size} broken rows would be left out`,
  ].join('\n')}\n`
}

const linesOf = ({ name, severity, expected, found, examples }: ExpectationResult): string[] => [
  `  ${severity.padEnd(8)}${name}: expected ${expected}; found ${found}`,
  ...examples.slice(0, 3).map(({ where, cells }) => `            ${where}: ${JSON.stringify(cells)}`),
]
