import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { axieClasses } from '#lib/axie/classes.ts'
import type { AlertCard, ListingRow } from '#lib/live/evidence.ts'
import type { LiveView } from '#lib/live/live-view.ts'
import type { MarketReader } from '#lib/live/market-reader.ts'
import type { ModelBook } from '#lib/live/model-book.ts'
import type { RulesInForce } from '#lib/live/rules-in-force.ts'
import { select } from '#lib/live/selection.ts'
import type { Status } from '#lib/live/status.ts'
import type { TradeBook } from '#lib/live/trade-book.ts'
import type { TrainingRun } from '#schemas/types.ts'
import { personOf } from './access.ts'
import {
  alertsAnswer,
  axieIdParameter,
  itemBody,
  levelsAnswer,
  listingsAnswer,
  modelsAnswer,
  positionAnswer,
  positionsAnswer,
  positionsQuery,
  priceAnswer,
  purchaseBody,
  resaleBody,
  rulesAnswer,
  subjectParameter,
  whyAnswer,
} from './api-schemas.ts'
import type { EventStream } from './event-stream.ts'
import { registerPaper } from './paper.ts'
import type { Positions } from './positions-answer.ts'
import type { Prices } from './price-answer.ts'
import { problem, problemSchema, problemType, sendProblem } from './problem.ts'
import { alertsQuery, listingsQuery, noQuery, pageOf } from './query.ts'
import { registerTrades } from './trades.ts'
import type { AnswerWhy } from './why-answer.ts'

export type ApiOptions = Readonly<{
  view: LiveView
  market: MarketReader
  book: TradeBook
  modelBook: ModelBook
  prices: Prices
  why: AnswerWhy
  positions: Positions
  rules: Pick<RulesInForce, 'read'>
  status(): Status
  events: EventStream
}>

/** In bytes: six parts and genes are less than 4,000. */
export const maxBodyBytes = 16_384

const failure = (description: string) => ({ description, content: { [problemType]: { schema: problemSchema } } })
const failures = {
  400: failure('The request is not what this document says'),
  401: failure('A bearer token is wanted'),
  429: failure('Too many requests: see Retry-After'),
  503: failure('Not known yet, or the pipeline’s servers are away'),
}
const priceFailures = {
  ...failures,
  422: failure('Cannot be priced, and why'),
  502: failure('The marketplace gave no usable answer'),
}

/** As many as are remembered at most. */
const [maxListings, maxAlerts] = [10_000, 10_000]

/** Everything below /api. */
export function registerApi(
  server: FastifyInstance,
  { view, market, book, modelBook, prices, why, positions, rules, status, events }: ApiOptions,
): void {
  // A parameter that nobody knows is a mistake, not a wish that is passed over.
  server.addHook('onRoute', (route) => {
    if (route.schema !== undefined) route.schema.querystring ??= noQuery
  })
  const app = server.withTypeProvider<ZodTypeProvider>()
  const simulated = () => status().simulated

  app.get(
    '/price/:axieId',
    {
      schema: {
        summary: 'What an axie would sell for now',
        tags: ['price'],
        params: axieIdParameter,
        response: { 200: priceAnswer, 404: failure('Nobody knows this axie'), ...priceFailures },
      },
    },
    ({ params }) => prices.byId(params.axieId),
  )
  app.post(
    '/price',
    {
      bodyLimit: maxBodyBytes,
      schema: {
        summary: 'What an axie with these parts would sell for now',
        tags: ['price'],
        body: itemBody,
        response: { 200: priceAnswer, 413: failure('The body is too large'), 415: failure('Not JSON'), ...priceFailures },
      },
    },
    ({ body: { axieId, class: axieClass, breedCount, parts, genes } }) =>
      prices.byItem({ tokenId: axieId, class: axieClass, breedCount, parts, genes, image: null }),
  )
  app.get(
    '/listings',
    {
      schema: {
        summary: 'The newest listings with their forecasts, newest first',
        tags: ['stream'],
        querystring: listingsQuery,
        response: { 200: listingsAnswer, ...failures },
      },
    },
    ({ query }) => {
      const { total, rows } = pageOf(select(view.listings(maxListings), selectableListing, query), query)
      return { simulated: simulated(), total, listings: rows }
    },
  )
  app.get(
    '/alerts',
    {
      schema: {
        summary: 'The newest alerts with their evidence and what became of them, newest first',
        tags: ['stream'],
        querystring: alertsQuery,
        response: { 200: alertsAnswer, ...failures },
      },
    },
    ({ query }) => {
      const { total, rows } = pageOf(select(view.alerts(maxAlerts), selectableAlert, query), query)
      return { simulated: simulated(), total, alerts: rows }
    },
  )
  app.get(
    '/why/:id',
    {
      schema: {
        summary: 'Why a listing was alerted or not: every rule and guard with its number and its limit, as it was scored',
        tags: ['stream'],
        params: subjectParameter,
        response: { 200: whyAnswer, 404: failure('No listing of it was scored lately'), ...failures },
      },
    },
    ({ params }) => why(params.id),
  )
  app.get(
    '/positions',
    {
      schema: {
        summary: 'What accounts bought: its cost, what it is worth now, what to ask for it; and what was sold for how much',
        tags: ['money'],
        querystring: positionsQuery,
        response: { 200: positionsAnswer, ...failures },
      },
    },
    async ({ query }) => ({ simulated: simulated(), ...(await positions.list(query)) }),
  )
  const refusals = { 422: failure('Cannot be true, and why'), 413: failure('The body is too large'), 415: failure('Not JSON'), ...failures }
  app.post(
    '/positions',
    {
      bodyLimit: maxBodyBytes,
      schema: {
        summary: 'Says that an account bought an axie',
        tags: ['money'],
        body: purchaseBody,
        response: { 200: positionAnswer, ...refusals },
      },
    },
    ({ body }) => positions.bought(body),
  )
  app.post(
    '/positions/sold',
    {
      bodyLimit: maxBodyBytes,
      schema: {
        summary: 'Says that an account sold an axie',
        tags: ['money'],
        body: resaleBody,
        response: { 200: positionAnswer, ...refusals },
      },
    },
    ({ body }) => positions.sold(body),
  )
  app.get(
    '/rules',
    {
      schema: { summary: 'The rule set in force', tags: ['stream'], response: { 200: rulesAnswer, ...failures } },
    },
    async () => {
      const { hash, ruleSet } = await rules.read()
      const names = ruleSet.rules.map(({ name }) => name)
      return { simulated: simulated(), inForce: { name: ruleSet.name, hash, rules: names, document: ruleSet } }
    },
  )
  app.get(
    '/market/levels',
    {
      schema: {
        summary: 'Where the market and each class stood, hour by hour',
        tags: ['market'],
        response: { 200: levelsAnswer, ...failures },
      },
    },
    () => levelsOf(market, simulated()),
  )
  app.get(
    '/models',
    {
      schema: {
        summary: 'The models that exist, newest first, and the one in force',
        tags: ['model'],
        response: { 200: modelsAnswer, ...failures },
      },
    },
    () => ({
      simulated: simulated(),
      inForce: market.state.model?.modelId ?? null,
      compared: modelBook
        .verdicts()
        .map(({ modelId, standing, sales, better, sentence }) => ({ modelId, standing, sales, better, sentence })),
      line: modelBook.line(),
      decisions: modelBook.decisions(),
      trainings: modelBook.trainings().map(trainingOf),
      models: view.models().map(({ uri: _uri, sha256: _sha256, ...model }) => model),
    }),
  )
  app.get(
    '/status',
    {
      schema: {
        summary: 'How the pipeline is, and which rules are in force',
        tags: ['stream'],
        response: { 200: z.looseObject({ simulated: z.boolean().nullable() }), ...failures },
      },
    },
    () => ({ ...status() }),
  )
  registerTrades(server, { book, positions: () => view.positions.all(), isSimulated: simulated }, failures)
  const rulesInForce = () => status().rules.rules?.map(({ name }) => name) ?? []
  registerPaper(server, { trades: view.paper, rulesInForce, isSimulated: simulated }, failures)
  server.get('/events', { schema: { hide: true } }, async ({ ip }, reply) => {
    if (!events.open(reply.raw, personOf(ip)))
      return sendProblem(reply, problem(503, 'too_many_readers', 'as many pages are open as MAX_READERS or MAX_READERS_PER_ADDRESS allows'))
    return reply.hijack()
  })
}

const trainingOf = ({ trainingId, reason, status, startedAt, endedAt, attempts, steps, datasetId, modelId, conclusion }: TrainingRun) => ({
  ...{ trainingId, reason, status, startedAt, endedAt, attempts, datasetId, modelId, conclusion },
  steps: steps.map(({ name, status, detail }) => ({ name, status, detail })),
})

const selectableListing = ({ axieId, class: axieClass, observedAt, askUsd, netGainUsd }: ListingRow) => ({
  ...{ axieId, class: axieClass, at: observedAt, ask: askUsd, gain: netGainUsd },
})
/** Gain is what the alert expects at the median; /api/trades has what it came to. */
const selectableAlert = ({ listing, rule, netGainUsd, outcome }: AlertCard) => ({
  ...selectableListing(listing),
  ...{ gain: netGainUsd, rule, state: outcome?.status ?? 'open' },
})

export function levelsOf({ levels, state }: MarketReader, simulated: boolean | null) {
  const now = levels.now(state.clock)
  return { simulated, classes: axieClasses, samples: now === null ? levels.samples() : [...levels.samples(), now] }
}
