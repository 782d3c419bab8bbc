import { marketFeeRatio } from '#lib/market/fee.ts'
import { type RuleSet, rulesHashOf } from './rule-set.ts'

const guards: RuleSet['guards'] = {
  // The limits of the guards are judgement, not measurement. A model ages slowly, as levels and similar sales are those of the listing.
  maximumModelAgeHours: 14 * 24,
  maximumNovelty: 1,
  maximumListingAgeMinutes: 60,
  minimumAskUsd: 0.05,
  maximumAskUsd: 1_000_000,
  maximumSellerListings: 20,
}

const cooldown = { minutes: 6 * 60, unlessCheaperBy: 0.1 }

const sureOf = (quantile: 'q25' | 'exit.q25'): RuleSet => ({
  version: 1,
  name: 'default',
  feeRatio: marketFeeRatio,
  guards,
  rules: [
    {
      name: 'default',
      forecast: { kind: 'margin_after_fee', quantile, minimumRatio: 1.3, minimumGainUsd: 5 },
      secondCheck: { kind: 'asks_else_sales', minimumAskRatio: 1.15, minimumSales: 3, minimumSalesRatio: 1.3 },
      cooldown,
      deadlineSeconds: 120,
    },
  ],
})

/** What is in force where nobody published rules: sure of a gain even at the lower quartile of the exit, and others ask or paid more. */
export const defaultRules: RuleSet = sureOf('exit.q25')

/** The default before models knew of exits: it reads the forecast. Markets in which it was published go on by it. */
export const earlierDefaultRules: RuleSet = sureOf('q25')

const gainOf = (minimumGainUsd: number): RuleSet['rules'] =>
  defaultRules.rules.map((rule) => ({
    ...rule,
    forecast: { kind: 'margin_after_fee', quantile: 'exit.q25', minimumRatio: 1.3, minimumGainUsd },
  }))

/**
 * What the real market begins with: most of its axies cost a few dollars, so $5 of gain would leave nearly all of them out, and cents of gas
 * count. The share of the ask stays.
 */
export const liveRules: RuleSet = { ...defaultRules, name: 'live', gasUsd: 0.02, rules: gainOf(1) }

/** The ancestor's: twice the ask and above $50, if another ask is 0.02 ETH dearer or a similar one was sold for more. */
export const classicRules: RuleSet = {
  version: 1,
  name: 'classic',
  feeRatio: marketFeeRatio,
  guards,
  rules: [
    {
      name: 'classic',
      forecast: { kind: 'multiple', quantile: 'q50', multiple: 2, minimumForecastUsd: 50 },
      secondCheck: { kind: 'ask_gap_or_sale', minimumAskGapEth: 0.02 },
      cooldown,
      deadlineSeconds: 120,
    },
  ],
}

/** By hash. Known to every process, so they need no object store. */
export const presets: ReadonlyMap<string, RuleSet> = new Map(
  [defaultRules, liveRules, earlierDefaultRules, classicRules].map((ruleSet) => [rulesHashOf(ruleSet), ruleSet]),
)

export const defaultRulesHash = rulesHashOf(defaultRules)
