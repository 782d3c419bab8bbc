import type { Costs, Rule } from './rule-set.ts'

const dollars = (value: number) => `$${Number.isInteger(value) ? value : value.toFixed(2)}`

/** What a rule asks for, in one line for people. The document itself has every detail. */
export const ruleWords = (rule: Rule, costs: Pick<Costs, 'gasUsd'>): string => `${forecastWords(rule, costs)}; ${checkWords(rule)}`

function forecastWords({ forecast }: Rule, { gasUsd }: Pick<Costs, 'gasUsd'>): string {
  switch (forecast.kind) {
    case 'margin_after_fee':
      return `${forecast.quantile} after ${gasUsd ? 'fee and gas' : 'the fee'} at least ${forecast.minimumRatio} × the ask and ${dollars(forecast.minimumGainUsd)} above it`
    case 'multiple':
      return `${forecast.quantile} above ${forecast.multiple} × the ask and above ${dollars(forecast.minimumForecastUsd)}`
    case 'expression':
      return forecast.when.replace(/\s+/g, ' ').trim()
  }
}

function checkWords({ secondCheck }: Rule): string {
  switch (secondCheck.kind) {
    case 'asks_else_sales':
      return `next similar ask at least ${secondCheck.minimumAskRatio} × the ask, else the median of ${secondCheck.minimumSales} or more similar sales at least ${secondCheck.minimumSalesRatio} ×`
    case 'ask_gap_or_sale':
      return `next similar ask ${secondCheck.minimumAskGapEth} ETH dearer, or a similar sale above the ask`
    case 'none':
      return 'no second check'
  }
}
