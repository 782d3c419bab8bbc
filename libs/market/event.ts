/**
 * Events of a market and their ids. An id is a pure function of what happened, so that whoever reads it twice, or starts again in the
 * middle, writes the same id, and the fold counts it once.
 */
import type {
  AskSeen,
  Cancellation,
  ChallengerNamed,
  DecisionHeld,
  ExchangeRate,
  LeaderboardSnapshot,
  LearningHeld,
  Listing,
  MarketEvent,
  ModelBarred,
  ModelPromoted,
  ModelRolledBack,
  ModelsCompared,
  MoneyEvidence,
  Origin,
  RulesChanged,
  Sale,
  Source,
} from '#schemas/types.ts'

/** The key of every record in market.events: one market, one partition, one order. */
export const marketKey = 'axie'

/** The key of every record about one axie. */
export const itemKey = (tokenId: string): string => `axie:${tokenId}`

/** `startedAt` in milliseconds: an axie can be listed once at a time. */
export const listingIdOf = (tokenId: string, startedAt: number): string => `axie:${tokenId}:${startedAt}`

/** The transaction that settled it; where the source has none (sales files), the time of the sale in milliseconds. */
export const saleIdOf = (tokenId: string, sale: Readonly<{ txHash: string | null; soldAt: number }>): string =>
  `axie:${tokenId}:${sale.txHash ?? sale.soldAt}`

/** Where an event comes from. `observedAt`: when the collector knew it, in milliseconds of the market's clock. */
export type Observation = Readonly<{ observedAt: number; origin: Origin; source: Source }>

type Unwrapped<Payload> = Payload extends Payload
  ? {
      [Name in keyof Payload]: Name extends `flipstream.${infer Kind}` ? Readonly<{ kind: Kind; value: Payload[Name] }> : never
    }[keyof Payload]
  : never

/** The payload as a union that `switch (payload.kind)` narrows. */
export type MarketPayload = Unwrapped<MarketEvent['payload']>

const prefixLength = 'flipstream.'.length

/** Takes the payload out of its Avro wrapping. */
export function payloadOf(event: MarketEvent): MarketPayload {
  const [name, value] = Object.entries(event.payload)[0] as [string, unknown]
  return { kind: name.slice(prefixLength), value } as MarketPayload
}

/** A model comes into force, for the first time or again. */
export const isPromotion = (payload: MarketPayload): payload is Extract<MarketPayload, { kind: 'ModelPromoted' | 'ModelRolledBack' }> =>
  payload.kind === 'ModelPromoted' || payload.kind === 'ModelRolledBack'

/** One function for each kind of payload: the compiler says when one is missing. */
export type PayloadCases<Answer> = { readonly [P in MarketPayload as P['kind']]: (value: P['value']) => Answer }

export function matchPayload<Answer>(event: MarketEvent, cases: PayloadCases<Answer>): Answer {
  const { kind, value } = payloadOf(event)
  return (cases[kind] as (value: unknown) => Answer)(value)
}

const event = (eventId: string, eventTime: number, observation: Observation, payload: MarketEvent['payload']): MarketEvent => ({
  eventId,
  eventTime,
  observedAt: observation.observedAt,
  origin: observation.origin,
  source: observation.source,
  payload,
})

export const listingEvent = (listing: Listing, observation: Observation): MarketEvent =>
  event(`listing:${listing.listingId}`, listing.ask.startedAt, observation, { 'flipstream.Listing': listing })

/** The same listing once more, worth another look because its (Dutch) price has fallen: every price is its own event. */
export const listingAgainEvent = (listing: Listing, observation: Observation): MarketEvent =>
  event(`listing:${listing.listingId}:${listing.ask.currentPriceWei}`, listing.ask.startedAt, observation, {
    'flipstream.Listing': listing,
  })

export const askSeenEvent = (ask: AskSeen, observation: Observation): MarketEvent =>
  event(`ask-seen:${ask.listingId}:${observation.observedAt}`, observation.observedAt, observation, { 'flipstream.AskSeen': ask })

/** The market does not say when an offer was withdrawn: it happened when we saw it. */
export const cancellationEvent = (cancellation: Cancellation, observation: Observation): MarketEvent =>
  event(`cancellation:${cancellation.listingId}`, observation.observedAt, observation, { 'flipstream.Cancellation': cancellation })

export const saleEvent = (sale: Sale, observation: Observation): MarketEvent =>
  event(`sale:${sale.saleId}`, sale.soldAt, observation, { 'flipstream.Sale': sale })

export const exchangeRateEvent = (rate: ExchangeRate, observation: Observation): MarketEvent =>
  event(`exchange-rate:${observation.observedAt}`, observation.observedAt, observation, { 'flipstream.ExchangeRate': rate })

export const leaderboardEvent = (snapshot: LeaderboardSnapshot, observation: Observation): MarketEvent =>
  event(`leaderboard:${observation.observedAt}`, observation.observedAt, observation, { 'flipstream.LeaderboardSnapshot': snapshot })

/** What people decide has the id of its moment; what the learner decides, that of what it was decided by, however often it is decided. */
const decisionIdOf = (
  kind: string,
  { modelId, expected, evidence }: Pick<ModelPromoted, 'modelId' | 'expected' | 'evidence'>,
  { observedAt }: Observation,
): string =>
  expected == null || evidence == null
    ? `${kind}:${modelId}:${observedAt}`
    : `${kind}:${modelId}:${expected.modelId}:${expected.since}:${evidence.block}`

export const modelPromotedEvent = (promotion: ModelPromoted, observation: Observation): MarketEvent =>
  event(decisionIdOf('model-promoted', promotion, observation), observation.observedAt, observation, {
    'flipstream.ModelPromoted': promotion,
  })

export const modelRolledBackEvent = (rollback: ModelRolledBack, observation: Observation): MarketEvent =>
  event(decisionIdOf('model-rolled-back', rollback, observation), observation.observedAt, observation, {
    'flipstream.ModelRolledBack': rollback,
  })

/** Once barred is barred for ever: there is one such event of a model. */
export const modelBarredEvent = (barred: ModelBarred, observation: Observation): MarketEvent =>
  event(`model-barred:${barred.modelId}`, observation.observedAt, observation, { 'flipstream.ModelBarred': barred })

/** A model is a challenger once. */
export const challengerNamedEvent = (challenger: ChallengerNamed, observation: Observation): MarketEvent =>
  event(`challenger-named:${challenger.modelId}`, observation.observedAt, observation, { 'flipstream.ChallengerNamed': challenger })

export const modelsComparedEvent = (compared: ModelsCompared, observation: Observation): MarketEvent =>
  event(`models-compared:${compared.champion.modelId}:${compared.champion.since}:${compared.block}`, observation.observedAt, observation, {
    'flipstream.ModelsCompared': compared,
  })

/** One for each rule and day. */
export const moneyEvidenceEvent = (evidence: MoneyEvidence, observation: Observation): MarketEvent =>
  event(`money-evidence:${evidence.rule}:${evidence.day}`, observation.observedAt, observation, { 'flipstream.MoneyEvidence': evidence })

export const learningHeldEvent = (held: LearningHeld, observation: Observation): MarketEvent =>
  event(`learning-held:${held.isHeld}:${observation.observedAt}`, observation.observedAt, observation, { 'flipstream.LearningHeld': held })

/** One for each decision that was held, however often it is made. */
export const decisionHeldEvent = (held: DecisionHeld, observation: Observation): MarketEvent =>
  event(decisionIdOf(`decision-held:${held.kind}`, held, observation), observation.observedAt, observation, {
    'flipstream.DecisionHeld': held,
  })

export const rulesChangedEvent = (change: RulesChanged, observation: Observation): MarketEvent =>
  event(`rules-changed:${change.rulesHash}:${observation.observedAt}`, observation.observedAt, observation, {
    'flipstream.RulesChanged': change,
  })
