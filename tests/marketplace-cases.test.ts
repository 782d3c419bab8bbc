import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { exchangeRateEvent, listingEvent } from '#lib/market/event.ts'
import { noItemModels } from '#lib/market/item-model.ts'
import { createMarketplace } from '#lib/marketplace/client.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import { axieAnswer, listingsPage, orderAnswer, partIds } from '#lib/marketplace/testing/answer-samples.ts'
import { createEnricherProcessor } from '#lib/stages/enricher.ts'
import type { MarketEvent } from '#schemas/types.ts'

/**
 * Answers as the marketplace of 2026 gives them, from the socket through the client and the enricher: what becomes of each. The client of
 * 2022 priced what nobody could buy, refused whole axies for one part, and took a browser challenge for a wrong key.
 */

type Answer = Readonly<{ status?: number; body: unknown; headers?: Readonly<Record<string, string>> }>

const openedAt = orderAnswer().startedAt
const halfYear = 180 * 86_400
const open = { status: 'OPEN', expiredAt: openedAt + halfYear }
const listed = (axie: object, order: object = {}): Answer => ({
  body: listingsPage({ ...axieAnswer(), ...axie, order: { ...orderAnswer(), ...open, ...order } }),
})
const withParts = (...ids: readonly string[]) => ({
  parts: partIds.map((id) => ({ id: ids.find((other) => other.split('-')[0] === id.split('-')[0]) ?? id })),
})

/** What comes of the newest listings, a minute after the order was signed: a price, or why there is none. */
async function outcomeOf({ status = 200, body, headers = {} }: Answer, { from = 0, minutesLater = 1 } = {}): Promise<string> {
  const marketTime = (openedAt + minutesLater * 60) * 1_000
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-market-time': String(marketTime), ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const marketplace = createMarketplace({
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, leaderboardUrl: null, apiKey: 'the-key', clock: systemClock },
    ...{ requestsPerSecond: 100, concurrentRequests: 1, timeoutMillis: 5_000, attempts: 1, maxBodyBytes: 1e6 },
    marketTimeHeader: 'x-market-time',
  })
  onTestFinished(marketplace.close)
  try {
    const { items, rejects, count, total } = await marketplace.newestListings({ from, size: 100 })
    if (rejects[0] !== undefined) return `refused: ${rejects[0].code}`
    return items[0] === undefined ? `nothing: ${count} of ${total}` : enriched(listingEvent(items[0], observation(marketTime)))
  } catch (error) {
    if (!(error instanceof MarketplaceError)) throw error
    return `${error.transient ? 'tried again' : 'stops'}: ${error.code}`
  }
}

const observation = (observedAt: number) => ({ observedAt, origin: 'live', source: 'live' }) as const

function enriched(listing: MarketEvent): string {
  const enricher = createEnricherProcessor({ itemModels: noItemModels })
  const rates = { ethUsd: 3_000, axsUsd: null, slpUsd: null, ronUsd: null, usdcUsd: 1 }
  const record = { topic: '', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }
  const events = [exchangeRateEvent(rates, observation(listing.observedAt)), listing]
  const result = enricher.process(
    events.map((value) => ({ value, record })),
    enricher.initial(undefined),
  )[1]!
  if (result.type !== 'emit') return `${result.type}: ${result.type === 'skip' ? result.reason : result.code}`
  const { item, ask } = result.outputs[0]!.value
  const { evolvedParts = 0, nightmareParts = 0, unknownParts = 0 } = item.attributes ?? {}
  const apart = [`${evolvedParts} evolved`, `${nightmareParts} Nightmare`, `${unknownParts} unknown`].filter(
    (words) => !words.startsWith('0'),
  )
  return [`asks $${ask.usd.toFixed(2)}`, ...apart].join(', ')
}

const challenge = '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head></html>'
const usdc = { paymentToken: '0x0b7007c13325c48911f73a2dad5fa5dcbf808adc', basePrice: '5000000', currentPrice: '5000000' }

test.each<[string, Answer, string]>([
  ['an axie with an evolved part is priced', listed(withParts('tail-koi-2')), 'asks $21.00, 1 evolved'],
  [
    'one with Nightmare parts, all evolved, is priced',
    listed(withParts('eyes-hazy-2', 'mouth-bottom-dweller-2', 'back-tendrils-2', 'tail-bloodfin-2')),
    'asks $21.00, 4 evolved, 4 Nightmare',
  ],
  ['one with a part that no table lists is priced, and said to be so', listed(withParts('horn-of-tomorrow')), 'asks $21.00, 1 unknown'],
  ['an order in USDC is its dollars, not a trillionth of an ether', listed({}, { ...usdc, currentPriceUsd: '5.00' }), 'asks $5.00'],
  ['also where the marketplace says nothing useful of dollars', listed({}, { ...usdc, currentPriceUsd: '0.00' }), 'asks $5.00'],
  ['an order that has ended is nobody’s ask', listed({}, { expiredAt: openedAt + 30 }), 'refused: order_expired'],
  ['nor is one that is void', listed({}, { status: 'VOID' }), 'refused: order_closed'],
  ['nor an offer to buy', listed({}, { kind: 'Offer' }), 'refused: order_not_a_sale'],
  [
    'an order in a token that nobody knows is refused',
    listed({}, { paymentToken: '0x00000000000000000000000000000000000000aa' }),
    'refused: unknown_token',
  ],
  ['an egg is passed over', listed({ class: null, breedCount: 0, newGenes: null, genes: '0x0', parts: [] }), 'skip: egg'],
  [
    'errors without data are told as such, and asked again',
    { body: { errors: [{ message: '502: Bad Gateway' }] } },
    'tried again: graphql_error',
  ],
  [
    'a challenge for browsers says nothing of the key',
    { status: 403, body: challenge, headers: { 'content-type': 'text/html' } },
    'tried again: challenged',
  ],
  ['a permission that is missing does', { status: 403, body: { message: 'You cannot consume this service' } }, 'stops: forbidden'],
])('%s', async (_, answer, outcome) => {
  expect(await outcomeOf(answer)).toBe(outcome)
})

test('an egg in the older form of an offer is passed over, too', async () => {
  const auction = {
    ...{
      startingPrice: '167000000000000000',
      endingPrice: '167000000000000000',
      currentPrice: '167000000000000000',
      currentPriceUSD: '360.54',
    },
    ...{ startingTimestamp: String(openedAt), endingTimestamp: String(openedAt + 86_400), duration: '86400', timeLeft: '86369' },
    ...{ seller: orderAnswer().maker, listingIndex: 1, state: 'open' },
  }
  const egg = { id: '1993383', class: null, genes: '0x0', stage: 1, title: null, breedCount: 0, level: 1, parts: [], auction }
  expect(await outcomeOf({ body: listingsPage(egg) })).toBe('skip: egg')
})

test('beyond place 10,000 there is nothing to see: what that means is for who reads the list', async () => {
  expect(await outcomeOf({ body: { data: { axies: { total: 0, results: [] } } } }, { from: 10_000 })).toBe('nothing: 0 of 0')
})

test('an order that was signed for half a year is an ask to the last second of it, and not a second longer', async () => {
  const last = halfYear / 60
  expect(await outcomeOf(listed({}), { minutesLater: last - 1 / 60 })).toBe('asks $21.00')
  expect(await outcomeOf(listed({}), { minutesLater: last })).toBe('refused: order_expired')
})
