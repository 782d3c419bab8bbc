import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { profitOf, profitTable } from '#lib/live/profit-table.ts'
import { type Selectable, select } from '#lib/live/selection.ts'
import { selectableTrade, type Trade, type TradeBook, tradeKinds, tradeStates } from '#lib/live/trade-book.ts'
import { quotedCell } from '#lib/words/csv.ts'
import type { Position } from '#schemas/types.ts'
import { pageOf, profitQuery, tradesFileQuery, tradesQuery } from './query.ts'

/** Purchases and what came of them: the table of the page's view Money, as JSON and as CSV, and its sums by day and rule. */

const usd = z.number().describe('US dollars')
const moment = z.number().describe('Milliseconds since 1970, by the market’s clock')
const simulated = z.boolean().nullable()

const trade = z.object({
  tradeId: z.string(),
  listingId: z.string(),
  kind: z.enum(tradeKinds).describe('Whose purchase it was or would have been: of an alert, of a random buyer, of a rejected candidate'),
  at: moment,
  axieId: z.string(),
  class: z.string().nullable(),
  rule: z.string().nullable(),
  reason: z.string().nullable().describe('Why a rejected one was'),
  state: z.enum(tradeStates),
  askUsd: usd,
  forecastUsd: usd.nullable(),
  expectedUsd: usd.nullable().describe('Gain after fee that the alert expected at the median'),
  expectedLowUsd: usd.nullable().describe('The same at the lower quartile'),
  goneAt: moment.nullable().describe('When the listing was no longer on offer'),
  goneBy: z.enum(['sold', 'cancelled', 'relisted']).nullable(),
  soldUsd: usd.nullable().describe('What the listing itself went for'),
  resoldUsd: usd.nullable(),
  resoldAt: moment.nullable(),
  netUsd: usd.nullable().describe('What it came to after fee and ask; null until sold on'),
  bought: z.boolean().describe('Somebody said that they bought it'),
  heldBack: z.string().nullable().describe('The limit that kept the alert from being posted, and by how much; null: none did'),
  simulated: z.boolean(),
})
const tradesAnswer = z.object({
  simulated,
  total: z.number().int().describe('All that match, on this page of them or not'),
  resold: z.number().int().describe('Of all that match'),
  gained: z.number().int().describe('Of those resold'),
  netUsd: usd.describe('Of those resold, which is the luckier part'),
  trades: z.array(trade).readonly(),
})

const profit = z.object({ purchases: z.number(), resold: z.number(), gained: z.number(), netUsd: usd, unsoldUsd: usd })
const profitAnswer = z.object({
  simulated,
  rows: z
    .array(
      z.object({
        day: moment,
        rule: z.string().describe('Empty: bought by no alert that is known'),
        alerts: profit,
        random: profit,
        real: profit.describe('What people said that they bought that day by this rule’s alerts; unsoldUsd: what is open cost'),
        randomSameCountUsd: usd.nullable().describe('The random buyer’s net a purchase, times the rule’s purchases'),
      }),
    )
    .readonly(),
})

type Failures = Readonly<Record<number, unknown>>

export type TradesOptions = Readonly<{ book: TradeBook; positions(): readonly Position[]; isSimulated(): boolean | null }>

export function registerTrades(server: FastifyInstance, { book, positions, isSimulated }: TradesOptions, failures: Failures): void {
  const app = server.withTypeProvider<ZodTypeProvider>()
  const tags = ['money']
  app.get(
    '/trades',
    {
      schema: {
        summary: 'Alerts, random purchases and rejected candidates with what became of them, newest first',
        tags,
        querystring: tradesQuery,
        response: { 200: tradesAnswer, ...failures },
      },
    },
    ({ query }) => {
      const matching = select(book.trades(), selectableTrade, query)
      const { resold, gained, netUsd } = profitOf(matching)
      const { total, rows } = pageOf(matching, query)
      return { simulated: isSimulated(), total, resold, gained, netUsd, trades: rows }
    },
  )
  app.get(
    '/trades.csv',
    { schema: { summary: 'The same as a file of comma-separated values, all rows', tags, querystring: tradesFileQuery } },
    ({ query }, reply) => {
      reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="flipstream-trades.csv"')
      reply.serializer((text: unknown) => String(text))
      return csvOf(select(book.trades(), selectableTrade, query)) as never
    },
  )
  app.get(
    '/profit',
    {
      schema: {
        summary: 'What the alerts came to by day and rule, beside as many purchases at random and what was really bought',
        tags,
        querystring: profitQuery,
        response: { 200: profitAnswer, ...failures },
      },
    },
    ({ query: { rule, ...selection } }) => ({
      simulated: isSimulated(),
      // Random purchases have no rule: the rule narrows rows, not what they are compared with.
      rows: profitTable(select(book.trades(), selectableTrade, selection), select(positions(), selectablePosition, selection)).filter(
        (row) => rule === undefined || row.rule === rule,
      ),
    }),
  )
}

const selectablePosition = ({ tokenId, class: axieClass, boughtAt, boughtUsd }: Position): Selectable => ({
  ...{ axieId: tokenId, class: axieClass, at: boughtAt, ask: boughtUsd, gain: null },
})

const columns = [
  'at',
  'kind',
  'axieId',
  'class',
  'rule',
  'reason',
  'state',
  'askUsd',
  'forecastUsd',
  'expectedUsd',
  'expectedLowUsd',
  'resoldUsd',
  'resoldAt',
  'netUsd',
  'bought',
  'heldBack',
  'simulated',
] as const satisfies readonly (keyof Trade)[]
const moments: readonly string[] = ['at', 'resoldAt']

export const csvOf = (trades: readonly Trade[]): string =>
  [columns.join(','), ...trades.map((row) => columns.map((name) => cell(name, row[name])).join(','))].join('\r\n').concat('\r\n')

function cell(name: string, value: Trade[keyof Trade]): string {
  if (value === null) return ''
  if (moments.includes(name)) return new Date(value as number).toISOString()
  if (typeof value !== 'string') return String(value)
  // A spreadsheet would run what begins like a formula; names come from the market.
  return quotedCell(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value)
}
