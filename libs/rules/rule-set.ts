import { createHash } from 'node:crypto'
import { z } from 'zod'
import { FatalError } from '#lib/errors/errors.ts'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { mistakesIn } from './expression.ts'
import { guardsSchema, withoutLimit } from './guards.ts'

/**
 * A rule set: the document that says which listings deserve an alert. It is named by the sha256 of its canonical JSON and never changes;
 * another decision is another document. Units are in the names; ratios are of the ask.
 */
const ratio = (minimum: number) => z.number().min(minimum).max(1_000)
const dollars = z.number().min(0).max(1e9)

/** Also of channels: what a setting can name. */
const name = (what: string) =>
  z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, `expected ${what} of lower case letters, digits, _ and -, at most 40, a letter first`)

/** The memory of the alerter reaches back this far, so no cool-down may be longer. */
export const maxCooldownMinutes = 24 * 60

const forecastRule = z.discriminatedUnion('kind', [
  /** quantile x (1 - fee) >= ask x minimumRatio, and quantile x (1 - fee) - ask >= minimumGainUsd */
  z.strictObject({ kind: z.literal('margin_after_fee'), quantile: quantileName(), minimumRatio: ratio(0), minimumGainUsd: dollars }),
  /** quantile > ask x multiple, and quantile > minimumForecastUsd; no fee: the ancestor's rule */
  z.strictObject({ kind: z.literal('multiple'), quantile: quantileName(), multiple: ratio(0), minimumForecastUsd: dollars }),
  /** A CEL expression over the scored record: see expression-record.ts. */
  z.strictObject({ kind: z.literal('expression'), when: z.string().superRefine(checkExpression) }),
])

const secondCheck = z.discriminatedUnion('kind', [
  /** The next similar ask >= ask x minimumAskRatio; where no asks are known, median of >= minimumSales similar sales >= ask x minimumSalesRatio. */
  z.strictObject({
    kind: z.literal('asks_else_sales'),
    minimumAskRatio: ratio(0),
    minimumSales: z.int().min(1).max(100),
    minimumSalesRatio: ratio(0),
  }),
  /** The next similar ask > ask + minimumAskGapEth, or any similar sale above the ask: the ancestor's check. */
  z.strictObject({ kind: z.literal('ask_gap_or_sale'), minimumAskGapEth: z.number().min(0).max(1e6) }),
  z.strictObject({ kind: z.literal('none') }),
])

const rule = z.strictObject({
  /** Part of the alert's id. */
  name: name('a name'),
  forecast: forecastRule,
  secondCheck,
  cooldown: z.strictObject({
    /** Silence about an axie after it was a candidate of this rule. */
    minutes: z.number().min(0).max(maxCooldownMinutes),
    /** Unless it now asks less than in all that time by this share. */
    unlessCheaperBy: z.number().min(0).max(1),
  }),
  /** Counted from the moment the collector held the market's answer. */
  deadlineSeconds: z.number().positive().max(86_400),
  /** Where its alerts go; the notifier's settings say which place that is. Absent: the default channel. */
  channel: z.exactOptional(name('a channel')),
  /** Whether it may alert of axies that have what the model has never seen, such as a title or a level; absent: reject. */
  unseenAttributes: z.exactOptional(z.enum(['reject', 'allow'])),
  /** The first this many of each hour of the market's clock; absent: all. */
  maximumAlertsPerHour: z.exactOptional(z.int().min(1).max(100_000)),
})

export const ruleSetSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(80),
  /** The market's share of a sale. */
  feeRatio: z.number().min(0).max(0.5),
  /** Dollars for each of the two transactions, buying and selling; absent: 0. */
  gasUsd: z.exactOptional(z.number().min(0).max(1_000)),
  guards: guardsSchema,
  rules: z
    .array(rule)
    .min(1)
    .max(100)
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, 'expected every rule to have a name of its own'),
})

export type RuleSet = Readonly<z.infer<typeof ruleSetSchema>>
export type Rule = RuleSet['rules'][number]
/** What a purchase and its resale cost beside the ask. */
export type Costs = Pick<RuleSet, 'feeRatio' | 'gasUsd'>

/** Dollars left of a sale at this price after the market's fee and the gas of both transactions. */
export const afterCosts = (saleUsd: number, { feeRatio, gasUsd = 0 }: Costs): number => saleUsd * (1 - feeRatio) - 2 * gasUsd

function checkExpression(text: string, context: z.RefinementCtx<string>): void {
  for (const { message, offset } of mistakesIn(text)) context.addIssue({ code: 'custom', message, params: { offset } })
}

/** A quantile of the forecast, or of the exit: what it sells for next when bought at this ask. */
function quantileName() {
  return z.enum(['q05', 'q25', 'q50', 'q75', 'q95', 'exit.q05', 'exit.q25', 'exit.q50', 'exit.q75', 'exit.q95'])
}

export type RuleQuantile = ReturnType<ReturnType<typeof quantileName>['parse']>

/** A rule set that any earlier version stored, as this one has it. What it does not say judges as it did then; its name stays its own hash. */
function upgraded(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || !('guards' in document)) return document
  const { guards } = document
  return typeof guards === 'object' && guards !== null ? { ...document, guards: { ...withoutLimit, ...guards } } : document
}

/** A rule set as it was stored, by this version or an earlier one. Throws FatalError with every problem and its path. */
export function parseRuleSet(text: string): RuleSet {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new FatalError(`rule set: expected JSON, ${(error as Error).message}`, { cause: error })
  }
  const parsed = ruleSetSchema.safeParse(upgraded(document))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'document'}: ${message}`)
  throw new FatalError(`rule set: the document is not valid\n${problems.join('\n')}`)
}

/** The document's bytes, which its hash is of. */
export const ruleSetText = (ruleSet: RuleSet): string => canonicalJson(ruleSet)

/** sha256 of the canonical JSON, hexadecimal: the name of a rule set. */
export const rulesHashOf = (ruleSet: RuleSet): string => createHash('sha256').update(ruleSetText(ruleSet)).digest('hex')
