/** The result as a page that a person reads: what was assumed, then what came of it. */

import { isLeakFree } from '#lib/backtest/lookahead.ts'
import type { BacktestResult, TradeRow } from '#lib/backtest/result.ts'
import { type Html, html } from '#lib/report/html.ts'
import { note, page, section } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { percent } from '#lib/words/format.ts'
import { assumptions, executionTable } from './report-assumptions.ts'
import { calibrationFigure, fillFigure, tradesFigure } from './report-figures.ts'
import { dayByDay, equalCapital, oneAccount, otherJudgements } from './report-money.ts'
import { minute } from './report-time.ts'
import { count, dollars, exitsText, intervalText, lookaheadLine, recordedLine, whole } from './text.ts'

const share = (value: number): string => percent(value)

export function backtestReport(result: BacktestResult): string {
  const { played, input, source, rules } = result
  return page({
    title: 'Backtest',
    summary: html`<p>${input.name}: ${whole(played.listings)} listings, ${minute(played.from)} to ${minute(played.to)}, rules “${rules.name}”. ${
      input.kind === 'sales' ? 'Each day was priced by a model that had not seen it.' : 'Priced and judged as it was recorded.'
    }</p>`,
    sections: [
      section('Assumptions', assumptions(result), executionTable(result)),
      section('Dollars at equal capital', equalCapital(result)),
      section('Day by day', dayByDay(result)),
      section('Other judgements', otherJudgements(result)),
      section('One account through all days', oneAccount(result)),
      section('What was picked', whatWasPicked(result)),
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

function whatWasPicked({ strategies, everything, resales, execution }: BacktestResult): Html {
  const rows = [
    ...strategies.map(({ name, summary, intervals }) => ({ name, summary, interval: intervals.gainedShare })),
    { name: 'everything', summary: everything, interval: null },
  ]
  return html`${table({
    caption:
      'What each would have bought, every pick alone: one of each and no limit of money, each way it may end counted by its chance. Gained is of all picks; beside it of the days that count, with the 95% interval over them. Expected: weighted by the chance of being first.',
    columns: [
      { title: '' },
      { title: 'picks', kind: 'number' },
      { title: 'gained', kind: 'number' },
      { title: 'on days that count', kind: 'number' },
      { title: 'resold / alike / unsold / censored', kind: 'number' },
      { title: 'return on spend', kind: 'number' },
      { title: 'expected return', kind: 'number' },
      { title: 'mean chance', kind: 'number' },
    ],
    rows: rows.map(({ name, summary, interval }) => [
      name,
      whole(summary.picks),
      share(summary.gainedShare),
      interval === null ? 'no interval' : `${share((interval.low + interval.high) / 2)} (${intervalText(interval, share)})`,
      exitsText(summary.exits),
      share(summary.returnOnSpend),
      share(summary.expectedReturn),
      share(summary.meanFill),
    ]),
  })}${table({
    caption: `Of these, axies that were really sold again within ${execution.horizonHours} hours, at equal breed count: no assumption but fee and gas. Only what was sold again is seen, so even the random buyer looks clever here: compare with them, not with zero. Beside it, first prices taken from the forecast because nothing alike had been sold.`,
    columns: [
      { title: '' },
      { title: 'really resold', kind: 'number' },
      { title: 'of them gained', kind: 'number' },
      { title: 'median return', kind: 'number' },
      { title: 'priced by forecast', kind: 'number' },
    ],
    rows: rows.map(({ name, summary }) => [
      name,
      count(summary.resales),
      share(summary.resaleGainedShare),
      share(summary.resaleMedianReturn),
      count(summary.pricedByForecast),
    ]),
  })}<p>Of ${whole(resales.observed)} listings whose axie was really sold again in that time, ${whole(resales.gained)} left a gain after the fee, ${dollars(resales.gainedUsd)} in all. The alerts caught ${whole(resales.caughtGained)} of these, worth ${dollars(resales.caughtGainedUsd)}, and ${whole(resales.caught - resales.caughtGained)} that lost.</p>`
}

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

const alertedCoverage = ({ forecast, execution }: BacktestResult): Html =>
  table({
    caption: html`The winner’s curse: ${whole(forecast.alerted.n)} of ${whole(forecast.alerted.alerts)} alerts were followed within ${execution.horizonHours} hours by a sale of the same axie, else of one alike. How many of these first sales were at a quantile of the forecast or more (a buyer meets the forecasts that were too high more often), and of the exit, which is corrected for it where the model has such a head. Intervals over whole days.`,
    columns: [
      { title: 'quantile' },
      { title: 'should be', kind: 'number' },
      { title: 'of the forecast', kind: 'number' },
      { title: '95%', kind: 'number' },
      { title: 'of the exit', kind: 'number' },
      { title: '95%', kind: 'number' },
    ],
    rows: forecast.alerted.levels.map(({ level, share: was, interval }, place) => {
      const exit = forecast.alerted.exitLevels[place]!
      return [
        `at or above the ${share(level)} quantile`,
        share(1 - level),
        share(was),
        intervalText(interval, share),
        share(exit.share),
        intervalText(exit.interval, share),
      ]
    }),
  })

const precision = ({ precisionAt }: BacktestResult): Html =>
  table({
    caption: `Of the alerts that promised most for their ask, how many gained (of ${whole(precisionAt[0]!.alerts)}; unsold and censored ones did not).`,
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
  const forecastTable = (caption: string, rows: BacktestResult['forecast']['byDay']): Html =>
    table({
      caption,
      columns,
      rows: rows.map(({ name, rows: sales, medianApe, biasLog, coverage50, coverage90 }) => [
        name,
        whole(sales),
        percent(medianApe, 1),
        percent(Math.expm1(biasLog), 1),
        share(coverage50),
        share(coverage90),
      ]),
    })
  return [
    forecastTable('By day, and all.', [...forecast.byDay, forecast.all]),
    forecastTable('By class.', forecast.byClass),
    forecastTable(
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
      { title: 'expected return', kind: 'number' },
      { title: 'expected gain', kind: 'number' },
      { title: 'a day', kind: 'number' },
      { title: '95%', kind: 'number' },
    ],
    rows: sweep.map(({ values, alerts, gainedShare, expectedReturn, expectedGainUsd, usdPerDay, interval }) => [
      ...names.map((name) => String(values[name])),
      whole(alerts),
      share(gainedShare),
      share(expectedReturn),
      dollars(expectedGainUsd),
      dollars(usdPerDay),
      intervalText(interval, dollars),
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
      { title: 'first price', kind: 'number' },
      { title: 'came of it' },
      { title: 'at', kind: 'number' },
      { title: 'gain', kind: 'number' },
    ],
    rows: trades.map(({ listingId, boughtAt, askUsd, forecastUsd, firstPriceUsd, exit, exitUsd, gainUsd }) => [
      listingId.split(':').slice(0, 2).join(' '),
      minute(boughtAt),
      dollars(askUsd, 2),
      dollars(forecastUsd, 2),
      dollars(firstPriceUsd, 2),
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
