import fc from 'fast-check'
import type { EnrichedListing, MarketContext, PricedAsk, ScoredListing, SimilarAsk, SimilarSale } from '#schemas/types.ts'

/** Scored listings for tests: one bargain with everything in order, and arbitrary ones around the rules' thresholds. */

const hour = 3_600_000
const day = 24 * hour

/** 2022-04-16T12:00:00Z, inside the recorded market. */
export const sampleTime = 1_650_110_400_000

const ethUsd = 3_000

export const sampleSale = (usd: number, hoursAgo: number, change: Partial<SimilarSale> = {}): SimilarSale => ({
  saleId: `axie:${hoursAgo}:sale`,
  tokenId: '7001234',
  usd,
  soldAt: sampleTime - hoursAgo * hour,
  breedCount: 1,
  identical: false,
  relative: null,
  ...change,
})

export const sampleAsk = (usd: number, hoursAgo: number, change: Partial<SimilarAsk> = {}): SimilarAsk => ({
  listingId: `axie:${hoursAgo}:ask`,
  tokenId: '8004321',
  usd,
  seenAt: sampleTime - hoursAgo * hour,
  breedCount: 2,
  identical: false,
  ...change,
})

const sampleContext: MarketContext = {
  asOf: sampleTime - 30_000,
  ethUsd,
  market: { hours6: 3.4, hours24: 3.42, days7: 3.5 },
  class: { hours6: 3.6, hours24: 3.61, days7: 3.7 },
  trend: -0.1,
  salesPerHour: 312,
  similarSales: [sampleSale(148, 5, { identical: true }), sampleSale(155, 26), sampleSale(139, 51)],
  similarAsks: [sampleAsk(150, 2), sampleAsk(165, 7), sampleAsk(180, 30)],
  similarAskCount: 7,
  ownLastSale: null,
  sellerListings: 2,
  comboScore: 0.42,
  alike: { usd: [148, 155, 139], watchedHours: 96 },
  measureSet: 'sample',
  measures: [],
}

export const sampleScored: ScoredListing = {
  listing: {
    listingId: `axie:5016355:${sampleTime - 12_000}`,
    eventId: `listing:axie:5016355:${sampleTime - 12_000}`,
    source: 'recorded',
    observedAt: sampleTime,
    item: {
      tokenId: '5016355',
      class: 'aquatic',
      breedCount: 1,
      parts: {
        eyes: 'eyes-telescope',
        ears: 'ears-nimo',
        mouth: 'mouth-risky-fish',
        horn: 'horn-oranda',
        back: 'back-anemone',
        tail: 'tail-koi',
      },
      purity: 83,
      geneQuality: 0.87,
      genes: null,
      stats: { hp: 38, speed: 57, skill: 37, morale: 32 },
      cards: { attack: 365, defence: 130, energy: 4 },
      specialParts: 0,
      image: null,
    },
    seller: '0x6f1c0ffee0ddba11cafe',
    ask: { kind: 'fixed', wei: '26666666666666666', eth: 80 / ethUsd, usd: 80, startedAt: sampleTime - 12_000 },
    context: sampleContext,
    modelId: 'dense-20220416-1f2e3d',
    featureSetHash: null,
    rulesHash: null,
  },
  modelId: 'dense-20220416-1f2e3d',
  featureSetHash: 'f'.repeat(64),
  modelTrainedUntil: sampleTime - 2 * day,
  quantilesUsd: { q05: 96, q25: 130, q50: 151, q75: 174, q95: 230 },
  novelty: 0.31,
  // As a model without heads says it.
  mean: null,
  exit: null,
  demand: null,
  backend: 'wasm',
  codeVersion: 'test',
  explanation: {
    base: Math.log(151) - 1.55,
    contributions: [
      { reason: 'sales of axies with its four cards', effect: 0.92, feature: 'c4.median' },
      { reason: 'its class and parts', effect: 0.51, feature: 'back' },
      { reason: 'its own last sale', effect: 0.2, feature: 'own.relative' },
      { reason: 'its breed count', effect: -0.08, feature: 'breed_count' },
      { reason: 'its age', effect: 0.001, feature: 'token_number' },
    ],
  },
}

type Change = Omit<Partial<ScoredListing>, 'listing'> & {
  listing?: Partial<EnrichedListing>
  ask?: Partial<PricedAsk>
  context?: Partial<MarketContext>
}

/** The bargain, changed where the test says so. */
export function scoredWith({ listing, ask, context, ...scored }: Change): ScoredListing {
  const base = sampleScored.listing
  return {
    ...sampleScored,
    ...scored,
    listing: { ...base, ...listing, ask: { ...base.ask, ...ask }, context: { ...base.context, ...context } },
  }
}

const price = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: 1, max: 400, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0.01, 1e40, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE) },
)

/** Mostly in order, sometimes just over a limit. */
const mostly = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

const quantiles = fc
  .array(
    price.map((usd) => usd * 3),
    { minLength: 5, maxLength: 5 },
  )
  .map((values) => [...values].sort((a, b) => a - b) as [number, number, number, number, number])
  .map(([q05, q25, q50, q75, q95]) => ({ q05, q25, q50, q75, q95 }))

/** Anything a scorer may say, honest or broken; few axies and a short span of time, so that cool-downs meet. */
export const anyScored: fc.Arbitrary<ScoredListing> = fc
  .record({
    tokenId: fc.constantFrom('1', '2', '3'),
    observedAt: fc.integer({ min: 0, max: 60 }).map((hours) => sampleTime + hours * hour),
    age: mostly(10_000, 0, 59 * 60_000, 61 * 60_000, -5_000),
    kind: fc.constantFrom('fixed' as const, 'dutch' as const),
    usd: price,
    quantilesUsd: quantiles,
    modelAge: mostly(2 * day, 0, 13 * day, 20 * day),
    novelty: mostly(0.5, 0, 1, 1.01, Number.NaN),
    sellerListings: mostly(3, 0, 20, 21),
    asks: fc.array(price, { maxLength: 3 }),
    sales: fc.array(price, { maxLength: 5 }),
  })
  .map(({ tokenId, observedAt, age, kind, usd, quantilesUsd, modelAge, novelty, sellerListings, asks, sales }) =>
    scoredWith({
      listing: { listingId: `axie:${tokenId}:${observedAt - age}`, observedAt, item: { ...sampleScored.listing.item, tokenId } },
      ask: { kind, usd, eth: usd / ethUsd, startedAt: observedAt - age },
      context: {
        sellerListings,
        similarAsks: [...asks].sort((a, b) => a - b).map((ask) => sampleAsk(ask, 1)),
        similarSales: sales.map((sale) => sampleSale(sale, 1)),
      },
      quantilesUsd,
      novelty,
      modelTrainedUntil: observedAt - modelAge,
    }),
  )
