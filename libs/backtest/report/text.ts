import type { Interval } from '#lib/numbers/interval.ts'
import { percent } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'
import { isLeakFree } from '../lookahead.ts'
import type { Comparison } from '../money/contest.ts'
import type { BacktestResult } from '../result.ts'

export const dollars = (usd: number | null | undefined, digits = 0): string => {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return '-'
  const amount = Math.abs(usd).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${usd < 0 && Number(amount.replaceAll(',', '')) !== 0 ? '-' : ''}$${amount}`
}

export const whole = (count: number): string => Math.round(count).toLocaleString('en')

/** A count, or the mean of many. */
export const count = (value: number): string => (Number.isInteger(value) ? whole(value) : value.toFixed(1))

/** `12 to 14`, or that there is none. */
export const intervalText = (interval: Interval | null, format: (value: number) => string): string =>
  interval === null ? 'no interval' : `${format(interval.low)} to ${format(interval.high)}`

/** Wherever something is said to have gained: what became of all of them. */
export const exitsText = ({
  resold,
  alike,
  unsold,
  censored,
}: Readonly<Record<'resold' | 'alike' | 'unsold' | 'censored', number>>): string =>
  `${whole(resold)} / ${whole(alike)} / ${whole(unsold)} / ${whole(censored)}`

/** Better is said only where the interval of the same days, side by side, keeps clear of zero. */
export function verdictOf({ with: other, moreUsdPerDay, interval, separates }: Comparison): string {
  const more = `${dollars(moreUsdPerDay)} a day more than ${other}`
  if (interval === null) return `${more}; no interval, so nothing is claimed`
  const range = `${dollars(interval.low)} to ${dollars(interval.high)}`
  if (separates !== true) return `${more} (${range}): not told apart`
  return moreUsdPerDay > 0 ? `${more} (${range}): better` : `${more} (${range}): worse`
}

/** The result in a terminal. */
export function formatBacktest(result: BacktestResult): string {
  const { played, portfolio, forecast, decisions, resales, rules, execution } = result
  const { figures } = portfolio
  return `${[
    `backtest of ${result.input.name}, ${played.from.slice(0, 16)}Z to ${played.to.slice(0, 16)}Z: ${played.days} days, ${whole(played.listings)} listings, rules ${rules.name}`,
    sourceLine(result),
    `forecasts: median error ${percent(forecast.all.medianApe, 1)}; 25-75% holds ${percent(forecast.all.coverage50, 1)}, 5-95% holds ${percent(forecast.all.coverage90, 1)} of prices`,
    `alerts: ${whole(decisions.alerts)}; of ${whole(resales.gained)} listings whose axie was really resold at a gain within ${execution.horizonHours} h they caught ${whole(resales.caughtGained)}`,
    '',
    `${dollars(execution.capitalUsd)} each morning, sold within ${execution.horizonHours} h or liquidated at ${percent(execution.liquidationRatio)}; ${daysLine(result)}`,
    '',
    ...alignColumns(
      [
        ['', 'picks', 'bought', 'a day', '95%', 'gained', 'resold / alike / unsold / censored', 'a bound $ a day', 'stuck'],
        ...result.strategies.map((one) => [
          one.name,
          whole(one.picks),
          whole(one.bought),
          dollars(one.usdPerDay),
          intervalText(one.interval, dollars),
          percent(one.gainedShare),
          exitsText(one.exits),
          percent(one.gainPerBoundUsdDay),
          dollars(one.oneAccount.stuckUsd),
        ]),
      ],
      { indent: 2 },
    ),
    '',
    ...result.comparisons.map((one) => `  ${verdictOf(one)}`),
    `  random picks matched by day and ask do as well with p = ${result.pValue.toFixed(3)}`,
    '',
    `one account through all days: ${whole(portfolio.bought)} bought, ${dollars(figures.profitUsd)} (${dollars(figures.profitOverMarketUsd)} over the market's move), hit rate ${percent(figures.hitRate, 1)}, drawdown ${percent(figures.maximumDrawdownRatio, 1)} of liquidation value, ${dollars(figures.stuckCostUsd)} stuck`,
    ...(result.sweep.length === 0 ? [] : ['', ...sweepLines(result)]),
    ...(result.lookahead === null ? [] : ['', lookaheadLine(result)]),
    ...(result.recordedAlerts === null ? [] : ['', recordedLine(result)]),
  ].join('\n')}\n`
}

export function daysLine({ days, countedDays, execution }: Pick<BacktestResult, 'days' | 'countedDays' | 'execution'>): string {
  const counted = `${countedDays} of ${days.length} days are whole and had ${percent(execution.leastObserved)} of the hours after them observed`
  return countedDays >= 4 ? `${counted}: intervals are over these` : `${counted}: fewer than four tell no interval`
}

const sourceLine = ({ source, race }: BacktestResult): string => {
  if (race === 'observed')
    return `${source === 'live' ? 'recorded live' : `SIMULATED (${source})`}: listings as they were recorded, by the models and rules in force`
  return `SIMULATED (${source}): each sale is taken as a listing at its price just before it sold; listings that never sold are not in the data`
}

function sweepLines({ sweep }: BacktestResult): string[] {
  const names = Object.keys(sweep[0]?.values ?? {})
  return alignColumns(
    [
      [...names, 'alerts', 'gained', 'expected return', 'expected gain', 'a day', '95%'],
      ...sweep.map(({ values, alerts, gainedShare, expectedReturn, expectedGainUsd, usdPerDay, interval }) => [
        ...names.map((name) => String(values[name])),
        whole(alerts),
        percent(gainedShare),
        percent(expectedReturn),
        dollars(expectedGainUsd),
        dollars(usdPerDay),
        intervalText(interval, dollars),
      ]),
    ],
    { indent: 2 },
  )
}

export function lookaheadLine({ lookahead }: BacktestResult): string {
  if (lookahead === null) return ''
  const cut = new Date(lookahead.cutAt).toISOString()
  if (isLeakFree(lookahead)) {
    const { seconds, listings } = lookahead.withinSecond
    return `look-ahead: none. Cut at ${cut}, ${whole(lookahead.compared)} listings before it and ${lookahead.models.compared} models came out the same to the byte; of ${whole(listings)} listings in ${whole(seconds)} seconds, no feature and no forecast changed with their own sale and all that came after`
  }
  const { leak, models, withinSecond } = lookahead
  if (withinSecond.leak !== null) {
    const { what, listingId, features } = withinSecond.leak
    return `LOOK-AHEAD: the ${what}${namesOf(features)} of ${listingId} changed with its own sale or what came in its second and after: it has seen what it forecasts`
  }
  if (leak === null)
    return `LOOK-AHEAD: cut at ${cut}, the model of ${new Date(models.differing as number).toISOString()} came out another: its training has seen the future`
  return `LOOK-AHEAD: cut at ${cut}, the ${leak.what}${namesOf(leak.features)} of ${leak.listingId}, listed ${new Date(leak.observedAt).toISOString()}, came out another: it has seen the future`
}

const maxNamed = 8

function namesOf(features: readonly string[]): string {
  if (features.length === 0) return ''
  const more = features.length > maxNamed ? ` and ${features.length - maxNamed} more` : ''
  return ` (${features.slice(0, maxNamed).join(', ')}${more})`
}

export function recordedLine({ recordedAlerts }: BacktestResult): string {
  if (recordedAlerts === null) return ''
  const { recorded, played, identical, firstDifferent } = recordedAlerts
  const line = `recorded alerts: ${whole(identical)} of ${whole(recorded)} came out the same to the byte`
  if (firstDifferent !== null) return `${line}; the first that did not: ${firstDifferent} (another model store, backend or version?)`
  return played === recorded ? line : `${line}; ${whole(played - recorded)} more were made here`
}
