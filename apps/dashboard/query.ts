import { z } from 'zod'
import { axieClasses } from '#lib/axie/classes.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { sortKeys } from '#lib/live/selection.ts'
import { tradeKinds, tradeStates } from '#lib/live/trade-book.ts'
import { parseMoment } from '#lib/words/time.ts'

/** Query parameters. What nobody knows is refused by its name, beside those that are known: a misspelt filter would show everything. */
export const query = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      const known = Object.keys(shape)
      const names = issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(', ')
      return `unknown parameter ${names}: ${known.length === 0 ? 'this takes none' : `known are ${known.join(', ')}`}`
    },
  })

/** As people write moments everywhere, and as the API answers them: in milliseconds since 1970. `end`: a day means its end. */
const moment = (end: boolean) =>
  z.string().transform((text, context) => {
    const moment = /^\d{12,14}$/.test(text) ? Number(text) : parseMoment(text)
    if (typeof moment === 'number') return end && /^\d{4}-\d{2}-\d{2}$/.test(text) ? moment + dayMillis : moment
    context.addIssue({ code: 'custom', message: `expected ${moment.expected}, or milliseconds` })
    return z.NEVER
  })

const dollars = z.string().transform((text, context) => {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  context.addIssue({ code: 'custom', message: 'expected a number of dollars' })
  return z.NEVER
})

const sort = z
  .enum(sortKeys.flatMap((key) => [key, `-${key}`] as const) as [string, ...string[]])
  .transform((text) => ({ key: text.replace(/^-/, '') as (typeof sortKeys)[number], descending: text.startsWith('-') }))

const filters = {
  class: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe(`One of ${axieClasses.join(', ')}`),
  from: moment(false).optional().describe('Seen then or later: a day (UTC), a moment with its zone, or milliseconds; market time'),
  to: moment(true).optional().describe('Seen before; a day includes itself'),
  minGain: dollars.optional().describe('At least so many dollars'),
  maxGain: dollars.optional().describe('At most'),
  q: z.string().min(1).max(100).optional().describe('Found in its number, class, rule, state or the limit that held it back'),
  sort: sort.optional().describe(`By ${sortKeys.join(', ')}; a minus before it: the highest first`),
}

const ofRules = {
  rule: z.string().min(1).max(100).optional().describe('The name of a rule'),
  state: z
    .enum(tradeStates)
    .optional()
    .describe(`One of ${tradeStates.join(', ')}`),
}

const bought = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .optional()
  .describe('Somebody who speaks for an account said that they bought it')

const kind = z
  .string()
  .max(100)
  .transform((text, context) => {
    const kinds = text.split(',').map((one) => one.trim())
    if (kinds.every((one) => (tradeKinds as readonly string[]).includes(one))) return kinds
    context.addIssue({ code: 'custom', message: `expected ${tradeKinds.join(', ')}, or several with commas between` })
    return z.NEVER
  })
  .optional()
  .describe(`${tradeKinds.join(', ')}, or several with commas between`)

export const page = (most: number, usual: number) => ({
  limit: z.coerce.number().int().min(1).max(most).default(usual).describe(`At most, 1 to ${most}`),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0).describe('So many are left out before the first'),
})

export const noQuery = query({})
export const listingsQuery = query({ ...filters, ...page(500, 50) })
export const alertsQuery = query({ ...filters, ...ofRules, ...page(200, 50) })
export const tradesQuery = query({ kind, ...filters, ...ofRules, bought, ...page(500, 50) })
export const tradesFileQuery = query({ kind, ...filters, ...ofRules, bought })
const { from, to, class: className, rule } = tradesFileQuery.shape
export const profitQuery = query({ from, to, class: className, rule })

/** One page of what a selection leaves, and how many there are. */
export function pageOf<Row>(rows: readonly Row[], { limit, offset }: Readonly<{ limit: number; offset: number }>) {
  return { total: rows.length, rows: rows.slice(offset, offset + limit) }
}
