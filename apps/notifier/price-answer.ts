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
/** Of a message of 2,000. */
const mostCharacters = 1_700

/** What `/price` says: the dashboard prices axies, the notifier has no model. */
export async function priceAnswer(priceApiUrl: string | null, axieId: string): Promise<string> {
  if (priceApiUrl === null) return 'Prices are not set up here: PRICE_API_URL names the dashboard.'
  try {
    const response = await fetch(new URL(`/api/price/${encodeURIComponent(axieId)}`, priceApiUrl), {
      signal: AbortSignal.timeout(timeoutMillis),
    })
    if (response.status === 404) return `Axie #${axieId} is not known to the market.`
    if (!response.ok) return `The price could not be asked for now (${response.status}).`
    const { forecastUsd } = forecast.parse(await response.json())
    return (
      `Axie #${axieId} is worth **${usd(forecastUsd.q50)}**, likely ${usd(forecastUsd.q25)} to ${usd(forecastUsd.q75)}, ` +
      `9 of 10 ${usd(forecastUsd.q05)} to ${usd(forecastUsd.q95)}.`
    )
  } catch {
    return 'The price could not be asked for now.'
  }
}

/** What `/why` says: every rule with its numbers, of the axie's newest listing. Discord's own marks in it are told as they are. */
export async function whyAnswer(priceApiUrl: string | null, axieId: string): Promise<string> {
  if (priceApiUrl === null) return 'Reasons are not set up here: PRICE_API_URL names the dashboard.'
  try {
    const response = await fetch(new URL(`/api/why/${encodeURIComponent(axieId)}`, priceApiUrl), {
      signal: AbortSignal.timeout(timeoutMillis),
    })
    if (response.status === 404) return `No listing of axie #${axieId} was seen lately.`
    if (!response.ok) return `The reasons could not be asked for now (${response.status}).`
    const { listing, rules } = explanation.parse(await response.json())
    const lines = rules.flatMap(({ words }) => words).map((line) => line.replaceAll('`', "'"))
    return `Axie #${axieId} asks **${usd(listing.askUsd)}**.\n\`\`\`\n${clipLines(lines, mostCharacters)}\n\`\`\``
  } catch {
    return 'The reasons could not be asked for now.'
  }
}
