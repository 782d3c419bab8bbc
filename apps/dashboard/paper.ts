import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { paperSettings } from '#lib/paper/paper-account.ts'
import { classicAccount } from '#lib/paper/paper-book.ts'
import { atRandom, paperAccounts, paperDays, paperFigures } from '#lib/paper/paper-summary.ts'
import { accountName } from '#lib/paper/paper-words.ts'
import { randomAccount } from '#lib/paper/random-pick.ts'
import type { PaperTrade } from '#schemas/types.ts'
import { query, tradesFileQuery } from './query.ts'

/** Paper accounts: what rules would have earned by a policy that a seller could follow. */

const usd = z.number().describe('US dollars')
const moment = z.number().describe('Milliseconds since 1970, by the market’s clock')
const count = z.number().int()

const figures = z.object({
  alerts: count,
  missed: z.record(z.string(), count).describe('By why: gone, held, dear, positions or money'),
  bought: count,
  offered: count.describe('Of those bought: on offer now'),
  resold: count.describe('The axie itself really sold again in its time'),
  alike: count.describe('The buyer of one alike, at our price or more, took ours'),
  unsold: count.describe('Neither in its time: counted at half of what its like then sold for'),
  censored: count.describe('The same, where too few of its hours hold any sale'),
  gained: count.describe('Of those resold or sold as alike: at a gain'),
  spentUsd: usd,
  gainUsd: usd.describe('Of all that ended, after fee, gas and cost'),
  offeredUsd: usd.describe('What those on offer cost'),
})

const randomUsd = usd
  .nullable()
  .describe('What the dollars of those that ended would have come to in the hands of preset:random; null where none of its purchases ended')

const paperAnswer = z.object({
  simulated: z.boolean().nullable(),
  capitalUsd: usd.describe('What each account began with'),
  accounts: z
    .array(
      z.object({
        account: z
          .string()
          .describe('A rule; preset:classic is the ancestor’s, whatever is in force; preset:random buys without a forecast'),
        name: z.string(),
        inForce: z.boolean().describe('Its rule alerts now; else it only sells what it has'),
        since: moment,
        figures,
        randomUsd,
        cashUsd: usd.describe('What is on offer is not in it'),
        curve: z.array(z.object({ at: moment, cashUsd: usd, offeredUsd: usd, gainUsd: usd })).readonly(),
      }),
    )
    .readonly(),
  days: z.array(z.object({ day: moment, account: z.string(), name: z.string(), figures, randomUsd })).readonly(),
})

const { from, to, class: className } = tradesFileQuery.shape
const paperQuery = query({
  account: z.string().min(1).max(100).optional().describe('A rule, preset:classic or preset:random'),
  from,
  to,
  class: className,
})

export type PaperOptions = Readonly<{
  trades(): readonly PaperTrade[]
  /** Names of the rules that alert now. */
  rulesInForce(): readonly string[]
  isSimulated(): boolean | null
}>

const presets: ReadonlySet<string> = new Set([classicAccount, randomAccount])

type Failures = Readonly<Record<number, unknown>>

export function registerPaper(server: FastifyInstance, { trades, rulesInForce, isSimulated }: PaperOptions, failures: Failures): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    '/paper',
    {
      schema: {
        summary: 'What each rule would have earned on paper, and the ancestor’s always: by account and by day of the alert',
        tags: ['money'],
        querystring: paperQuery,
        response: { 200: paperAnswer, ...failures },
      },
    },
    ({ query: { account, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, class: axieClass } }) => {
      const all = trades()
      const isWithin = ({ alertedAt, class: alertedClass }: PaperTrade) =>
        alertedAt >= from && alertedAt < to && (axieClass === undefined || alertedClass.toLowerCase() === axieClass.toLowerCase())
      const own = all.filter((trade) => account === undefined || trade.account === account)
      // The account narrows rows, not what they are compared with.
      const random = all.filter((trade) => trade.account === randomAccount)
      const besides = new Map(paperDays(random.filter(isWithin)).map(({ day, figures }) => [day, figures]))
      const atAll = paperFigures(random)
      const inForce = new Set(rulesInForce())
      return {
        simulated: isSimulated(),
        capitalUsd: paperSettings.capitalUsd,
        // An account is one: from its first day on, whatever is asked for.
        accounts: paperAccounts(own).map((one) => ({
          ...one,
          name: accountName(one.account),
          inForce: presets.has(one.account) || inForce.has(one.account),
          randomUsd: atRandom(one.figures, atAll),
        })),
        days: paperDays(own.filter(isWithin)).map((one) => ({
          ...one,
          name: accountName(one.account),
          randomUsd: atRandom(one.figures, besides.get(one.day)),
        })),
      }
    },
  )
}
