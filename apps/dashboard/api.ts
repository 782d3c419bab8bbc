import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { axieClasses } from '#lib/axie/classes.ts'
import type { LiveView } from '#lib/live/live-view.ts'
import type { MarketReader } from '#lib/live/market-reader.ts'
import type { Status } from '#lib/live/status.ts'
import { personOf } from './access.ts'
import {
  alertsAnswer,
  axieIdParameter,
  countQuery,
  itemBody,
  levelsAnswer,
  listingsAnswer,
  modelsAnswer,
  priceAnswer,
  subjectParameter,
  whyAnswer,
} from './api-schemas.ts'
import type { EventStream } from './event-stream.ts'
import type { Prices } from './price-answer.ts'
import { problem, problemSchema, problemType, sendProblem } from './problem.ts'
import type { AnswerWhy } from './why-answer.ts'

export type ApiOptions = Readonly<{
  view: LiveView
  market: MarketReader
  prices: Prices
  why: AnswerWhy
  status(): Status
  events: EventStream
}>

/** In bytes: six parts and genes are less than 4,000. */
export const mostBodyBytes = 16_384

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

/** Everything below /api. */
export function registerApi(server: FastifyInstance, { view, market, prices, why, status, events }: ApiOptions): void {
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
      bodyLimit: mostBodyBytes,
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
        querystring: countQuery(500, 50),
        response: { 200: listingsAnswer, ...failures },
      },
    },
    ({ query }) => ({ simulated: simulated(), listings: view.listings(query.limit) }),
  )
  app.get(
    '/alerts',
    {
      schema: {
        summary: 'The newest alerts with their evidence and what became of them, newest first',
        tags: ['stream'],
        querystring: countQuery(200, 50),
        response: { 200: alertsAnswer, ...failures },
      },
    },
    ({ query }) => ({ simulated: simulated(), alerts: view.alerts(query.limit) }),
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
      models: view.models().map(({ uri: _uri, sha256: _sha256, ...model }) => model),
    }),
  )
  app.get(
    '/status',
    {
      schema: {
        summary: 'How the pipeline is',
        tags: ['stream'],
        response: { 200: z.looseObject({ simulated: z.boolean().nullable() }), ...failures },
      },
    },
    () => ({ ...status() }),
  )
  server.get('/events', { schema: { hide: true } }, async ({ ip }, reply) => {
    if (!events.open(reply.raw, personOf(ip)))
      return sendProblem(reply, problem(503, 'too_many_readers', 'as many pages are open as MAX_READERS or MAX_READERS_PER_ADDRESS allows'))
    return reply.hijack()
  })
}

export function levelsOf({ levels, state }: MarketReader, simulated: boolean | null) {
  const now = levels.now(state.clock)
  return { simulated, classes: axieClasses, samples: now === null ? levels.samples() : [...levels.samples(), now] }
}
