/** The result as a page that a person reads: what was assumed, then what came of it. */

import { isLeakFree } from '#lib/backtest/lookahead.ts'
import type { BacktestResult, TradeRow } from '#lib/backtest/result.ts'
import { type Html, html } from '#lib/report/html.ts'
import { note, page, section, tiles } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { assumptions, executionTable } from './report-assumptions.ts'
import { calibrationFigure, drawdownFigure, equityFigure, fillFigure, tradesFigure } from './report-figures.ts'
import { minute } from './report-time.ts'
import type { StrategyResult } from './strategy-results.ts'
import { count, dollars, lookaheadLine, percent, recordedLine, whole, withInterval } from './text.ts'

const share = (value: number): string => percent(value, 0)

export function backtestReport(result: BacktestResult): string {
  const { played, input, source, rules } = result
  return page({
    title: 'Backtest',
    summary: html`<p>${input.name}: ${whole(played.listings)} listings, ${minute(played.from)} to ${minute(played.to)}, rules “${rules.name}”. ${
      input.kind === 'sales' ? 'Each day was priced by a model that had not seen it.' : 'Priced and judged as it was recorded.'
    }</p>`,
    sections: [
      section('Assumptions', assumptions(result), executionTable(result)),
      section('What came of it', headline(result), ...portfolioFigures(result)),
      section('Beside others', comparison(result), resaleStory(result)),
      ...(result.fillCurve.length === 0 ? [] : [section('The race', fillFigure(result), fillTable(result))]),
      section(
        'How good the forecasts were',
        calibrationFigure(result),
        alertedCoverage(result),
        ...(result.precisionAt.length === 0 ? [] : [precision(result)]),
        ...qualityTables(result),
      ),
      section('Why listings were not alerted', refusals(result)),
      ...(result.sweep.length === 0 ? [] : [section('Other values', sweepTable(result))]),
      section(
        'Trades',
        tradesFigure(result),
        tradeTable('The ten best purchases', best(result)),
        tradeTable('The ten worst purchases', worst(result)),
      ),
      section('Proof', ...proof(result), modelTable(result)),
    ],
    footer: html`<p>flipstream ${result.version}, seed ${result.seed}, ${result.backend}, ${source} market. The same input, seed and backend give the same numbers.</p>`,
  })
}

function headline(result: BacktestResult): Html {
  const { portfolio, decisions, execution } = result
  const { figures } = portfolio
  return html`${tiles([
    {
      name: `gained with ${dollars(execution.capitalUsd)}`,
      value: dollars(figures.profitUsd),
      detail: `${dollars(figures.profitOverMarketUsd)} over the market’s own move`,
    },
    { name: 'bought of alerts', value: `${whole(portfolio.bought)} of ${whole(decisions.alerts)}`, detail: missedText(result) },
    { name: 'hit rate', value: percent(figures.hitRate, 0), detail: 'of purchases gained; an unsold one never did' },
    { name: 'expectancy', value: dollars(figures.expectancyUsd, 2), detail: 'mean gain of a purchase' },
    { name: 'profit factor', value: figures.profitFactor === null ? '-' : figures.profitFactor.toFixed(1), detail: 'gains / losses' },
    { name: 'largest drawdown', value: percent(figures.maximumDrawdownRatio), detail: 'axies not yet sold stand at what they cost' },
    { name: 'turnover', value: figures.turnover.toFixed(1), detail: 'times the capital' },
    { name: 'exposure', value: percent(figures.exposureRatio, 0), detail: 'of equity invested, mean over time' },
    {
      name: 'time held',
      value: figures.medianHoursHeld === null ? '-' : `${figures.medianHoursHeld.toFixed(1)} h`,
      detail: 'median, of what was sold',
    },
    {
      name: 'Sharpe, Sortino',
      value: figures.sharpeDaily === null ? 'not told' : `${figures.sharpeDaily.toFixed(2)}, ${figures.sortinoDaily?.toFixed(2)}`,
      detail: figures.sharpeDaily === null ? 'below 30 days they are noise' : 'of daily returns, not annualised',
    },
  ])}`
}

const missedText = ({ portfolio }: BacktestResult): string =>
  Object.entries(portfolio.missed)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${whole(count)} ${reason}`)
    .join(', ') || 'none missed'

const portfolioFigures = (result: BacktestResult): Html[] =>
  result.portfolio.equity.length === 0 ? [html`<p>Nothing was bought.</p>`] : [equityFigure(result), drawdownFigure(result)]

function comparison({ strategies }: BacktestResult): Html {
  const row = (one: StrategyResult) => [
    one.name,
    whole(one.summary.picks),
    withInterval(one, 'gainedShare', share),
    withInterval(one, 'medianReturn', share),
    withInterval(one, 'expectedReturn', share),
    dollars(one.summary.expectedGainUsd),
    share(one.summary.meanFill),
  ]
  const resale = (one: StrategyResult) => [
    one.name,
    count(one.summary.resales),
    withInterval(one, 'resaleGainedShare', share),
    withInterval(one, 'resaleMedianReturn', share),
    ...(['similar', 'unsold', 'censored'] as const).map((exit) => count(one.summary.exits[exit])),
  ]
  return html`${table({
    caption:
      'What each would have bought of the same listings, one of each and no limit of money, all costs paid. In brackets: 95% intervals over resampled hours; the random buyer is the mean of 200 draws of as many listings each day, and where 95% of them lie. Expected: each purchase weighted by the chance of being first.',
    columns: [
      { title: '' },
      { title: 'picks', kind: 'number' },
      { title: 'gained', kind: 'number' },
      { title: 'median return', kind: 'number' },
      { title: 'expected return', kind: 'number' },
      { title: 'expected gain', kind: 'number' },
      { title: 'mean chance', kind: 'number' },
    ],
    rows: strategies.map(row),
  })}${table({
    caption:
      'Of these, axies that were really sold again within the data, at equal breed count: no assumption but fee and gas. Only what was sold again is seen, so even the random buyer looks clever here: compare with them, not with zero. Of the others, exits by similar sales, none at all, and what the end of the data hides.',
    columns: [
      { title: '' },
      { title: 'really resold', kind: 'number' },
      { title: 'gained', kind: 'number' },
      { title: 'median return', kind: 'number' },
      { title: 'similar', kind: 'number' },
      { title: 'unsold', kind: 'number' },
      { title: 'censored', kind: 'number' },
    ],
    rows: strategies.map(resale),
  })}<p>The similar-sale rule buys where the median of at least three similar sales, after the fee, is 1.3 times the ask and $5 above it. Buying the floor takes what asks less than anything of its class and breed count was sold for in the last 24 hours.</p>`
}

const resaleStory = ({ resales }: BacktestResult): Html =>
  html`<p>Of ${whole(resales.observed)} listings whose axie was really sold again, ${whole(resales.gained)} left a gain after the fee, ${dollars(resales.gainedUsd)} in all. The alerts caught ${whole(resales.caughtGained)} of these, worth ${dollars(resales.caughtGainedUsd)}, and ${whole(resales.caught - resales.caughtGained)} that lost.</p>`

const fillTable = ({ fillCurve }: BacktestResult): Html =>
  table({
    caption: 'All alerts, bought one each, weighted by the chance of being first.',
    columns: [
      { title: 'competition', kind: 'number' },
      { title: 'mean chance', kind: 'number' },
      { title: 'expected gain', kind: 'number' },
      { title: 'expected return', kind: 'number' },
    ],
    rows: fillCurve.map(({ competition, meanFill, expectedGainUsd, expectedReturn }) => [
      String(competition),
      share(meanFill),
      dollars(expectedGainUsd),
      share(expectedReturn),
    ]),
  })

const alertedCoverage = ({ forecast }: BacktestResult): Html =>
  table({
    caption: html`The winner’s curse: ${whole(forecast.alerted.rows)} alerts with an exit that was seen. How many were then sold for a quantile of their forecast or more; a buyer meets the forecasts that were too high more often.`,
    columns: [{ title: 'quantile' }, { title: 'should be', kind: 'number' }, { title: 'was', kind: 'number' }],
    rows: forecast.alerted.levels.map(({ level, share: was }) => [
      `at or above the ${share(level)} quantile`,
      share(1 - level),
      share(was),
    ]),
  })

const precision = ({ precisionAt }: BacktestResult): Html =>
  table({
    caption: `Of the alerts that promised most for their ask, how many gained (of ${whole(precisionAt[0]!.alerts)} that can be judged).`,
    columns: [{ title: 'the best' }, { title: 'gained', kind: 'number' }],
    rows: precisionAt.map(({ k, gainedShare }) => [String(k), share(gainedShare)]),
  })

function qualityTables({ forecast }: BacktestResult): Html[] {
  const columns = [
    { title: '' },
    { title: 'sales', kind: 'number' },
    { title: 'median error', kind: 'number' },
    { title: 'bias', kind: 'number' },
    { title: '25-75% holds', kind: 'number' },
    { title: '5-95% holds', kind: 'number' },
  ] as const
  const of = (caption: string, rows: BacktestResult['forecast']['byDay']): Html =>
    table({
      caption,
      columns,
      rows: rows.map(({ name, rows: sales, medianApe, biasLog, coverage50, coverage90 }) => [
        name,
        whole(sales),
        percent(medianApe),
        percent(Math.expm1(biasLog)),
        share(coverage50),
        share(coverage90),
      ]),
    })
  return [
    of('By day, and all.', [...forecast.byDay, forecast.all]),
    of('By class.', forecast.byClass),
    of(
      'By the price it sold for. Seen from the price, cheap ones always look overestimated and dear ones underestimated: part of it is hindsight.',
      forecast.byPrice,
    ),
  ]
}

const refusals = ({ decisions, played }: BacktestResult): Html =>
  table({
    caption: `${whole(played.listings)} listings, ${whole(decisions.alerts)} alerts. below_margin: the forecast promised too little; the others were candidates.`,
    columns: [{ title: 'reason' }, { title: 'listings', kind: 'number' }],
    rows: [...Object.entries(decisions.refusals), ...Object.entries(played.refused)].map(([reason, count]) => [reason, whole(count)]),
  })

function sweepTable({ sweep }: BacktestResult): Html {
  const names = Object.keys(sweep[0]?.values ?? {})
  return table({
    caption:
      'The same forecasts, other values. Choosing the best line after seeing it is how backtests lie: take a value because its neighbours are good too.',
    columns: [
      ...names.map((title) => ({ title, kind: 'number' }) as const),
      { title: 'alerts', kind: 'number' },
      { title: 'gained', kind: 'number' },
      { title: 'expected return (95%)', kind: 'number' },
      { title: 'expected gain', kind: 'number' },
      { title: 'gained with the capital', kind: 'number' },
    ],
    rows: sweep.map(({ values, alerts, gainedShare, expectedReturn, expectedReturnInterval: interval, expectedGainUsd, profitUsd }) => [
      ...names.map((name) => String(values[name])),
      whole(alerts),
      share(gainedShare),
      interval === null ? share(expectedReturn) : `${share(expectedReturn)} (${share(interval.low)} to ${share(interval.high)})`,
      dollars(expectedGainUsd),
      dollars(profitUsd),
    ]),
  })
}

const shown = 10
const byGain = ({ portfolio }: BacktestResult): TradeRow[] => [...portfolio.trades].sort((one, other) => other.gainUsd - one.gainUsd)
const best = (result: BacktestResult): TradeRow[] => byGain(result).slice(0, shown)
const worst = (result: BacktestResult): TradeRow[] => byGain(result).slice(shown).slice(-shown).reverse()

const tradeTable = (caption: string, trades: readonly TradeRow[]): Html =>
  table({
    caption,
    columns: [
      { title: 'listing' },
      { title: 'bought' },
      { title: 'for', kind: 'number' },
      { title: 'forecast', kind: 'number' },
      { title: 'came of it' },
      { title: 'at', kind: 'number' },
      { title: 'gain', kind: 'number' },
    ],
    rows: trades.map(({ listingId, boughtAt, askUsd, forecastUsd, exit, exitUsd, gainUsd }) => [
      listingId.split(':').slice(0, 2).join(' '),
      minute(boughtAt),
      dollars(askUsd, 2),
      dollars(forecastUsd, 2),
      exit,
      dollars(exitUsd, 2),
      dollars(gainUsd, 2),
    ]),
  })

function proof(result: BacktestResult): Html[] {
  const { input, lookahead, recordedAlerts } = result
  if (input.kind === 'archive') return recordedAlerts === null ? [] : [html`<p>${recordedLine(result)}.</p>`]
  if (lookahead === null) return [html`<p>Whether any number has seen the future was not checked in this run: --check-lookahead does.</p>`]
  return [isLeakFree(lookahead) ? html`<p>${lookaheadLine(result)}.</p>` : note(lookaheadLine(result))]
}

const modelTable = ({ models }: BacktestResult): Html =>
  table({
    caption: 'Which model priced from when on, and the newest sale it learnt from.',
    columns: [{ title: 'from' }, { title: 'model' }, { title: 'learnt until' }, { title: 'sales', kind: 'number' }],
    rows: models.map(({ from, modelId, trainedUntil, trainedOnSales }) => [
      from.slice(0, 10),
      html`<code>${modelId}</code>`,
      trainedUntil === null ? 'as recorded' : minute(trainedUntil),
      trainedOnSales === null ? '-' : whole(trainedOnSales),
    ]),
  })
