import { systemClock } from '#lib/clock/clock.ts'
import { contract, fieldName, publicApi } from '#lib/marketplace/contract.ts'
import { type ContractFindings, checkContract } from '#lib/marketplace/contract-check.ts'
import { refusalIn } from '#lib/marketplace/envelope.ts'
import { createTransport } from '#lib/marketplace/transport.ts'
import type { Env } from '#lib/stack/tools.ts'
import { absent, type Check, missing, ok } from './checks.ts'

const maxBodyBytes = 4 * 1024 * 1024

/** What the marketplace answers today, beside what we ask for. Asks slowly: the key may be in use elsewhere. */
export async function checkMarketplace(env: Env): Promise<Check[]> {
  const apiKey = env['AXIE_API_KEY'] ?? ''
  if (apiKey === '') return [missing('marketplace', 'cannot be asked without a key', 'set AXIE_API_KEY')]
  const url = env['MARKETPLACE_URL'] || publicApi
  const transport = createTransport({
    clock: systemClock,
    apiKey,
    requestsPerSecond: 2,
    concurrentRequests: 1,
    timeoutMillis: 10_000,
    attempts: 2,
    maxBodyBytes,
    marketTimeHeader: null,
    refusalIn,
  })
  try {
    return marketplaceChecks(await checkContract(async (query, variables) => (await transport.post(url, { query, variables })).json))
  } finally {
    await transport.close()
  }
}

const neededFields = new Set(contract.filter(({ needed }) => needed).map(fieldName))

/** What the findings mean. */
export function marketplaceChecks({ fields, fresh, problems }: ContractFindings): Check[] {
  const inState = (wanted: string): string[] => [...fields].flatMap(([field, state]) => (state === wanted ? [field] : []))
  const [gone, never] = [inState('gone'), inState('null')]
  const needed = gone.filter((field) => neededFields.has(field))
  return [
    ...[...problems].map(([query, message]) =>
      missing(`query ${query}`, message, 'listings and sales cannot be read as long as this lasts'),
    ),
    ok('marketplace', `${inState('there').length} of ${contract.length} fields came`),
    ...(needed.length === 0 ? [] : [missing('needed fields', `gone: ${needed.join(', ')}`, 'a version of flipstream that does without')]),
    listed('gone fields', gone, 'nothing to do: they are left out, and unknown from then on'),
    listed('null fields', never, 'nothing to do where few axies have them; else their meaning may have changed'),
    fresh === null
      ? absent('new fields', 'not known: the schema answers no questions about itself', 'nothing to do')
      : listed('new fields', fresh, 'nothing to do: nobody asks for them yet'),
  ]
}

const listed = (name: string, fields: readonly string[], fix: string): Check =>
  fields.length === 0 ? ok(name, 'none') : absent(name, fields.join(', '), fix)
