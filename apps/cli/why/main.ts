import { parseArgs } from 'node:util'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { createArchive } from '#lib/archive/archive.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { FatalError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { findArchivedScored, findScored, readSubject, type Subject } from '#lib/live/find-scored.ts'
import { explainListing, type Why } from '#lib/live/why.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { openBackend } from '#lib/running/backend.ts'
import { openArchive } from '#lib/running/open-archive.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { dateTime, usd } from '#lib/words/format.ts'
import { printable } from '#lib/words/terminal-text.ts'
import type { ScoredListing } from '#schemas/types.ts'

type Environment = Readonly<Record<string, string | undefined>>

const help = `flipstream why AXIE|LISTING: why a listing was alerted or not, by the rules that were in force when it was observed

Every rule and guard with its number and its limit, from the record as it was scored, and the highest ask that the rule passes at. Cool-down
and hourly limit are the alerter's memory, and not in the record.

  AXIE|LISTING    the number of an axie (its newest listing), a listing such as axie:5016355:1650110388000, or a marketplace address
  --archive WHAT  looks into that archive alone: ${archiveForms}
  --run NAME      another run than the last (flipstream runs ls); for a deployment without runs set PREFIX, empty or not
  --json          print one JSON object, and nothing else on stdout

Looks into the log first, then into the archive of the run.
`

type Arguments = Readonly<{ subject: Subject; archive: string | null; run: string | null; json: boolean }>

const say = (line: string) => void process.stderr.write(`${line}\n`)

/** `flipstream why`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help)
    return exitCodes.done
  }
  const options = parse(argv)
  try {
    const why = options.archive === null ? await whyInRun(options, env) : await whyInArchive(options.subject, options.archive, env)
    process.stdout.write(options.json ? `${JSON.stringify(why)}\n` : format(why))
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof FatalError || error instanceof RejectedError || error instanceof RetryableError)) throw error
    say(error.message)
    return exitCodes.failed
  }
}

/** Throws UsageError. */
function parse(argv: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { archive: { type: 'string' }, run: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [given, ...rest] = positionals
    if (given === undefined || rest.length > 0) throw new Error(`expected one axie or listing, found ${positionals.length}`)
    if (values.archive !== undefined && values.run !== undefined) throw new Error('expected --archive or --run, found both')
    return { subject: readSubject(given), archive: values.archive ?? null, run: values.run ?? null, json: values.json ?? false }
  } catch (error) {
    throw new UsageError(`why: ${(error as Error).message}\nSee flipstream why --help`)
  }
}

async function whyInRun({ subject, run }: Arguments, env: Environment): Promise<Why> {
  const prefix = prefixOfChoice(checkoutRoot, { run, prefix: env['PREFIX'] })
  const stack = await resolveStack({ env, onProgress: say, allowEmbedded: false })
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}why` })
  try {
    const { store } = backend
    const live = await findScored({ ...backend, prefix }, subject)
    const scored = live ?? (await findArchivedScored(createArchive({ name: prefix, store, prefix }), subject))
    return await explainListing(required(scored, subject), createRulesStore(store))
  } finally {
    await backend.close()
  }
}

async function whyInArchive(subject: Subject, uri: string, env: Environment): Promise<Why> {
  const { archive, close } = await openArchive(uri, env)
  try {
    const scored = required(await findArchivedScored(archive, subject), subject)
    return await explainListing(scored, createRulesStore(archive.store))
  } finally {
    await close()
  }
}

function required(scored: ScoredListing | null, { tokenId, listingId }: Subject): ScoredListing {
  if (scored !== null) return scored
  throw new RejectedError(
    'not_scored',
    `why: no listing of ${listingId ?? `axie ${tokenId}`} was scored, as far as log and archive remember`,
  )
}

function format({ listing, ruleSet, rules }: Why): string {
  const { askUsd, forecastUsd, exit } = listing
  const exits = exit === null ? '' : `, bought at this ask it sells next for ${usd(exit.q50)}, likely ${usd(exit.q25)} to ${usd(exit.q75)}`
  return [
    ...(listing.source === 'live' ? [] : [`SIMULATED · ${listing.source} market`]),
    `axie #${printable(listing.axieId, 24)} (${printable(listing.listingId, 60)}), seen ${dateTime(listing.observedAt)} UTC`,
    `asks ${usd(askUsd)}; worth ${usd(forecastUsd.q50)}, likely ${usd(forecastUsd.q25)} to ${usd(forecastUsd.q75)}${exits}`,
    `rule set ${printable(ruleSet.name, 80)} ${ruleSet.hash.slice(0, 12)}, model ${printable(listing.modelId, 60)}`,
    '',
    ...rules.flatMap(({ words }) => words.map((line) => printable(line, 2_500))),
    '',
  ].join('\n')
}
