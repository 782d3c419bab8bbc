import { z } from 'zod'
import { usd } from '#lib/words/format.ts'

const forecast = z.object({
  forecastUsd: z.object({ q05: z.number(), q25: z.number(), q50: z.number(), q75: z.number(), q95: z.number() }),
})
const timeoutMillis = 10_000

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
