import { z } from 'zod'
import { usd } from '#lib/words/format.ts'
import { clipLines } from './discord-text.ts'

const forecast = z.object({
  forecastUsd: z.object({ q05: z.number(), q25: z.number(), q50: z.number(), q75: z.number(), q95: z.number() }),
})
const explanation = z.object({
  listing: z.object({ askUsd: z.number() }),
  rules: z.array(z.object({ words: z.array(z.string()) })),
})
const timeoutMillis = 10_000
/** A message holds 2,000. */
const maxCharacters = 1_700

/** Where prices are asked for. */
export type PriceApi = Readonly<{ url: string | null; token: string | null }>

/** What `/price` says: the dashboard prices axies, the notifier has no model. */
export function priceAnswer(api: PriceApi, axieId: string): Promise<string> {
  const words = { what: 'Prices', unknown: `Axie #${axieId} is not known to the market.` }
  return ask(api, `/api/price/${encodeURIComponent(axieId)}`, words, (body) => {
    const { forecastUsd } = forecast.parse(body)
    return (
      `Axie #${axieId} is worth **${usd(forecastUsd.q50)}**, likely ${usd(forecastUsd.q25)} to ${usd(forecastUsd.q75)}, ` +
      `9 of 10 ${usd(forecastUsd.q05)} to ${usd(forecastUsd.q95)}.`
    )
  })
}

/** What `/why` says: every rule with its numbers, of the axie's newest listing. Discord's own marks in it are shown as they are. */
export function whyAnswer(api: PriceApi, axieId: string): Promise<string> {
  const words = { what: 'Reasons', unknown: `No listing of axie #${axieId} was seen lately.` }
  return ask(api, `/api/why/${encodeURIComponent(axieId)}`, words, (body) => {
    const { listing, rules } = explanation.parse(body)
    const lines = rules.flatMap(({ words }) => words).map((line) => line.replaceAll('`', "'"))
    return `Axie #${axieId} asks **${usd(listing.askUsd)}**.\n\`\`\`\n${clipLines(lines, maxCharacters)}\n\`\`\``
  })
}

async function ask(
  { url, token }: PriceApi,
  path: string,
  { what, unknown }: Readonly<{ what: string; unknown: string }>,
  answerOf: (body: unknown) => string,
): Promise<string> {
  if (url === null) return `${what} are not set up here: PRICE_API_URL names the dashboard.`
  try {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(timeoutMillis) })
    if (response.status === 404) return unknown
    if (response.status === 401) return 'The dashboard does not know us: PRICE_API_TOKEN must be its API_TOKEN.'
    if (!response.ok) return `${what} could not be asked for now (${response.status}).`
    return answerOf(await response.json())
  } catch {
    return `${what} could not be asked for now.`
  }
}
