/** Dollars: the alerts beside what anyone could have bought, day by day, under other judgements, and in one account. */

import { type Html, html } from '#lib/report/html.ts'
import { note, tiles } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { percent } from '#lib/words/format.ts'
import { liquidations, sellChances } from '../money/sensitivities.ts'
import type { BacktestResult } from '../result.ts'
import { accountFigure, dayFigure, drawdownFigure, equalCapitalFigure } from './report-figures.ts'
import { daysLine, dollars, exitsText, intervalText, verdictOf, whole } from './text.ts'

const share = (value: number): string => percent(value)
const number = (title: string) => ({ title, kind: 'number' }) as const

export function equalCapital(result: BacktestResult): Html {
  const { strategies, comparisons, pValue, execution, portfolio } = result
  const alerts = strategies[0]!
  const random = comparisons.find(({ with: other }) => other.startsWith('random'))
  return html`${tiles([
    { name: 'a day, of alerts', value: dollars(alerts.usdPerDay), detail: `95%: ${intervalText(alerts.interval, dollars)}` },
    {
      name: 'more than random',
      value: dollars(random?.moreUsdPerDay),
      detail: `95%: ${intervalText(random?.interval ?? null, dollars)}; p = ${pValue.toFixed(3)}`,
    },
    {
      name: 'gained, of bought',
      value: share(alerts.gainedShare),
      detail: html`resold / alike / unsold / censored: ${exitsText(alerts.exits)}`,
    },
    { name: 'a bound dollar a day', value: share(alerts.gainPerBoundUsdDay), detail: 'gain / sum of cost × days held' },
    {
      name: 'drawdown',
      value: percent(portfolio.figures.maximumDrawdownRatio, 1),
      detail: `of liquidation value, one account`,
    },
  ])}${equalCapitalFigure(result)}${note(html`<ul>${comparisons.map((one) => html`<li>${verdictOf(one)}</li>`)}</ul>
<p>${daysLine(result)}. “Better” stands only where that interval keeps clear of zero.</p>`)}${table({
    caption: html`${dollars(execution.capitalUsd)} each morning, at most ${dollars(execution.perTradeUsd)} a purchase and ${whole(execution.maximumPositions)} positions; means of ${whole(execution.draws)} draws of luck. Gained: of all that was bought, sold at a gain; what is unsold or censored never counts as gained. Beside it, how many were really resold, sold to the buyer of one alike, unsold, and censored.`,
    columns: [
      { title: '' },
      number('picks'),
      number('bought'),
      number('a day'),
      number('95%, by days'),
      number('all days'),
      number('gained'),
      number('resold / alike / unsold / censored'),
    ],
    rows: strategies.map((one) => [
      one.name,
      whole(one.picks),
      whole(one.bought),
      dollars(one.usdPerDay),
      intervalText(one.interval, dollars),
      dollars(one.usdByDay.reduce((sum, { usd }) => sum + usd, 0)),
      share(one.gainedShare),
      exitsText(one.exits),
    ]),
  })}${table({
    caption:
      'What the money was bound by. A bound dollar a day: gain / sum of cost × days held. Drawdown: of liquidation value, of the account of the first draw. One account: gain of an account that lives through all days, where 90% of the draws lie, and what it paid for all that found no buyer.',
    columns: [{ title: '' }, number('a bound $ a day'), number('drawdown'), number('one account'), number('90% of draws'), number('stuck')],
    rows: strategies.map((one) => [
      one.name,
      share(one.gainPerBoundUsdDay),
      percent(one.maximumDrawdownRatio),
      dollars(one.oneAccount.usd),
      intervalText(one.oneAccount.usdOfDraws, dollars),
      dollars(one.oneAccount.stuckUsd),
    ]),
  })}<p>Random, matched: of each day and each tenth of that day’s asks any listings, as many as were alerted there; the p-value is the share of draws that earned as much as the alerts did. The similar-sale rule buys where the median of at least three similar sales, after the fee, is 1.3 times the ask and $5 above it. Buying the floor takes what asks less than anything of its class and breed count was sold for in 24 hours. classic alerts on twice the ask and above $50.</p>`
}

export function dayByDay(result: BacktestResult): Html {
  const { days, strategies } = result
  return html`${dayFigure(result)}${table({
    caption:
      'Dollars of each day’s account. Days that count are whole, and enough of the hours in which their purchases had to be sold were observed; the others are shown and left out of means and intervals.',
    columns: [
      { title: 'day' },
      number('listings'),
      number('hours after observed'),
      { title: 'counts' },
      ...strategies.map(({ name }) => number(name)),
    ],
    rows: days.map(({ day, listings, observedShare, counts }, place) => [
      day,
      whole(listings),
      share(observedShare),
      counts ? 'yes' : 'no',
      ...strategies.map(({ usdByDay }) => dollars(usdByDay[place]!.usd)),
    ]),
  })}`
}

export function otherJudgements({ sensitivities, longerHorizon, execution, strategies, countedDays }: BacktestResult): Html {
  const cell = (sellChance: number, liquidation: number): Html => {
    const found = sensitivities.find((one) => one.sellChance === sellChance && one.liquidationRatio === liquidation)!
    const apart = found.moreThanRandom === null ? null : found.moreThanRandom.low > 0 ? ' ✓' : ' ~'
    return html`${dollars(found.alertsUsdPerDay)} <small>(random ${dollars(found.randomUsdPerDay)})${apart}</small>`
  }
  const [alerts, random] = [strategies[0]!, strategies.find(({ name }) => name.startsWith('random'))!]
  return html`${table({
    caption:
      'Dollars a day of the alerts, and of matched random picks, if the buyer of one alike would buy ours with this chance, and if what is unsold is worth this share of what its like then sold for. ✓: over the days that count the two are told apart; ~: they are not.',
    columns: [{ title: 'chance to sell' }, ...liquidations.map((ratio) => number(`liquidated at ${share(ratio)}`))],
    rows: sellChances.map((chance) => [share(chance), ...liquidations.map((ratio) => cell(chance, ratio))]),
  })}${table({
    caption: 'More time to sell, with the price cut each day. The longer it is, the fewer days had enough of it observed.',
    columns: [
      { title: 'hours to sell' },
      number('days that count'),
      number('alerts a day'),
      number('95%'),
      number('random a day'),
      number('gained of picks'),
      number('resold / alike / unsold / censored'),
    ],
    rows: [
      [
        String(execution.horizonHours),
        String(countedDays),
        dollars(alerts.usdPerDay),
        intervalText(alerts.interval, dollars),
        dollars(random.usdPerDay),
        share(alerts.summary.gainedShare),
        exitsText(alerts.summary.exits),
      ],
      [
        String(longerHorizon.hours),
        String(longerHorizon.countedDays),
        dollars(longerHorizon.alertsUsdPerDay),
        intervalText(longerHorizon.interval, dollars),
        dollars(longerHorizon.randomUsdPerDay),
        share(longerHorizon.summary.gainedShare),
        exitsText(longerHorizon.summary.exits),
      ],
    ],
  })}`
}

export function oneAccount(result: BacktestResult): Html {
  const { portfolio, decisions, execution, strategies } = result
  const { figures } = portfolio
  const { usdOfDraws } = strategies[0]!.oneAccount
  if (portfolio.trades.length === 0) return html`<p>Nothing was bought.</p>`
  return html`${tiles([
    {
      name: `gained with ${dollars(execution.capitalUsd)}`,
      value: dollars(figures.profitUsd),
      detail: `90% of draws: ${intervalText(usdOfDraws, dollars)}; ${dollars(figures.profitOverMarketUsd)} over the market’s own move`,
    },
    { name: 'bought of alerts', value: `${whole(portfolio.bought)} of ${whole(decisions.alerts)}`, detail: missedText(result) },
    { name: 'cash at the end', value: dollars(figures.finalCashUsd), detail: `and ${dollars(figures.stuckWorthUsd)} of stuck stock` },
    { name: 'stuck', value: dollars(figures.stuckCostUsd), detail: 'was paid for what found no buyer' },
    { name: 'hit rate', value: percent(figures.hitRate), detail: 'of purchases were sold at a gain' },
    { name: 'expectancy', value: dollars(figures.expectancyUsd, 2), detail: 'mean gain of a purchase' },
    { name: 'profit factor', value: figures.profitFactor === null ? '-' : figures.profitFactor.toFixed(1), detail: 'gains / losses' },
    { name: 'turnover', value: figures.turnover.toFixed(1), detail: 'times the capital' },
    { name: 'exposure', value: percent(figures.exposureRatio), detail: 'of worth in stock, mean over time' },
    {
      name: 'time held',
      value: figures.medianHoursHeld === null ? '-' : `${figures.medianHoursHeld.toFixed(1)} h`,
      detail: 'median, of what was sold',
    },
  ])}${accountFigure(result)}${drawdownFigure(result)}<p>Sharpe and Sortino of daily returns, not annualised: ${
    figures.sharpeDaily === null
      ? 'not told, below 30 days they are noise'
      : `${figures.sharpeDaily.toFixed(2)} and ${figures.sortinoDaily?.toFixed(2)}`
  }.</p>`
}

const missedText = ({ portfolio }: BacktestResult): string =>
  Object.entries(portfolio.missed)
    .filter(([, missed]) => missed > 0)
    .map(([reason, missed]) => `${whole(missed)} ${reason}`)
    .join(', ') || 'none missed'
