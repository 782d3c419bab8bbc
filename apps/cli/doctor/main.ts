import { UsageError } from '#lib/app/usage-error.ts'
import { type Check, diagnose } from './checks.ts'
import { gatherFacts } from './facts.ts'
import { checkMarketplace } from './marketplace.ts'

const help = `flipstream doctor [--live] [--json]: what is here, what is missing, and the fix; one line each

--live   asks the marketplace (MARKETPLACE_URL, AXIE_API_KEY) for one of each, and says which fields are gone, null or new

ok       found
missing  needed, and not found: exit code 1
-        not found, and not needed; what is left out without it
`

/** Returns the exit code. Starts and changes nothing. */
export async function run(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help)
    return 0
  }
  const unknown = argv.find((argument) => argument !== '--json' && argument !== '--live')
  if (unknown !== undefined) throw new UsageError(`doctor does not know ${unknown}\n\n${help}`)
  const live = argv.includes('--live') ? await checkMarketplace(env) : []
  const checks = [...diagnose(await gatherFacts(env)), ...live]
  const ok = checks.every(({ status }) => status !== 'missing')
  process.stdout.write(argv.includes('--json') ? `${JSON.stringify({ ok, checks })}\n` : checks.map(lineOf).join(''))
  return ok ? 0 : 1
}

const signs: Readonly<Record<Check['status'], string>> = { ok: 'ok', missing: 'missing', absent: '-' }

const lineOf = ({ name, status, found, fix }: Check): string =>
  `${signs[status].padEnd(9)}${name.padEnd(21)}${found}${fix === null ? '' : `  →  ${fix}`}\n`
