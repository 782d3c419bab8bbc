import { isLeakFree } from '#lib/backtest/lookahead.ts'
import type { BacktestResult } from '#lib/backtest/result.ts'
import type { StrategyResult } from './strategy-results.ts'

export const percent = (share: number | null | undefined, digits = 1): string =>
  share === null || share === undefined || !Number.isFinite(share) ? '-' : `${(share * 100).toFixed(digits)}%`

export const dollars = (usd: number | null | undefined, digits = 0): string => {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return '-'
  const amount = Math.abs(usd).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${usd < 0 && Number(amount) !== 0 ? '-' : ''}$${amount}`
}

export const whole = (count: number): string => Math.round(count).toLocaleString('en')

/** A count, or the mean of many. */
export const count = (value: number): string => (Number.isInteger(value) ? whole(value) : value.toFixed(1))

/** `12% (10 to 14)`. */
export function withInterval(
  { summary, intervals }: StrategyResult,
  name: keyof StrategyResult['intervals'],
  format: (value: number) => string,
): string {
  const value = summary[name]
  if (!Number.isFinite(value)) return '-'
  const interval = intervals[name]
  const bare = (bound: number) => format(bound).replace('%', '')
  return interval == null ? format(value) : `${format(value)} (${bare(interval.low)} to ${bare(interval.high)})`
}

/** The result in a terminal. */
export function formatBacktest(result: BacktestResult): string {
  const { played, portfolio, forecast, decisions, resales, rules } = result
  const { figures } = portfolio
  return `${[
    `backtest of ${result.input.name}, ${played.from.slice(0, 16)}Z to ${played.to.slice(0, 16)}Z: ${played.days} days, ${whole(played.listings)} listings, rules ${rules.name}`,
    sourceLine(result),
    `forecasts: median error ${percent(forecast.all.medianApe)}; 25-75% holds ${percent(forecast.all.coverage50)}, 5-95% holds ${percent(forecast.all.coverage90)} of prices`,
    `alerts: ${whole(decisions.alerts)}; of ${whole(resales.gained)} listings whose axie was really resold at a gain they caught ${whole(resales.caughtGained)}`,
    '',
    ...alignColumns([
      [
        '',
        'picks',
        'gained',
        'median return',
        'expected return, first in the race',
        'really resold',
        'of them gained',
        'their median return',
      ],
      ...result.strategies.map((one) => [
        one.name,
        whole(one.summary.picks),
        withInterval(one, 'gainedShare', (value) => percent(value, 0)),
        withInterval(one, 'medianReturn', (value) => percent(value, 0)),
        withInterval(one, 'expectedReturn', (value) => percent(value, 0)),
        count(one.summary.resales),
        withInterval(one, 'resaleGainedShare', (value) => percent(value, 0)),
        withInterval(one, 'resaleMedianReturn', (value) => percent(value, 0)),
      ]),
    ]),
    '',
    `with ${dollars(result.execution.capitalUsd)}: ${whole(portfolio.bought)} bought, ${dollars(figures.profitUsd)} gained (${dollars(figures.profitOverMarketUsd)} over the market's move), hit rate ${percent(figures.hitRate)}, drawdown ${percent(figures.maximumDrawdownRatio)}; in brackets: 95% intervals`,
    ...(result.sweep.length === 0 ? [] : ['', ...sweepLines(result)]),
    ...(result.lookahead === null ? [] : ['', lookaheadLine(result)]),
    ...(result.recordedAlerts === null ? [] : ['', recordedLine(result)]),
  ].join('\n')}\n`
}

const sourceLine = ({ source, race }: BacktestResult): string => {
  if (race === 'observed')
    return `${source === 'live' ? 'recorded live' : `SIMULATED (${source})`}: listings as they were recorded, by the models and rules in force`
  return `SIMULATED (${source}): each sale is taken as a listing at its price just before it sold; listings that never sold are not in the data`
}

function sweepLines({ sweep }: BacktestResult): string[] {
  const names = Object.keys(sweep[0]?.values ?? {})
  return alignColumns([
    [...names, 'alerts', 'gained', 'expected return', '95%', 'expected gain', 'with the capital'],
    ...sweep.map(({ values, alerts, gainedShare, expectedReturn, expectedReturnInterval: interval, expectedGainUsd, profitUsd }) => [
      ...names.map((name) => String(values[name])),
      whole(alerts),
      percent(gainedShare, 0),
      percent(expectedReturn, 0),
      interval === null ? '-' : `${percent(interval.low, 0)} to ${percent(interval.high, 0)}`,
      dollars(expectedGainUsd),
      dollars(profitUsd),
    ]),
  ])
}

export function lookaheadLine({ lookahead }: BacktestResult): string {
  if (lookahead === null) return ''
  const cut = new Date(lookahead.cutAt).toISOString()
  if (isLeakFree(lookahead)) {
    return `look-ahead: none. Cut at ${cut}, ${whole(lookahead.compared)} listings before it and ${lookahead.models.compared} models came out the same to the byte`
  }
  const { leak, models } = lookahead
  if (leak === null)
    return `LOOK-AHEAD: cut at ${cut}, the model of ${new Date(models.differing as number).toISOString()} came out another: its training has seen the future`
  const names = leak.features.length === 0 ? '' : ` (${leak.features.join(', ')})`
  return `LOOK-AHEAD: cut at ${cut}, the ${leak.what}${names} of ${leak.listingId}, listed ${new Date(leak.observedAt).toISOString()}, came out another: it has seen the future`
}

export function recordedLine({ recordedAlerts }: BacktestResult): string {
  if (recordedAlerts === null) return ''
  const { recorded, played, identical, firstDifferent } = recordedAlerts
  const line = `recorded alerts: ${whole(identical)} of ${whole(recorded)} came out the same to the byte`
  if (firstDifferent !== null) return `${line}; the first that did not: ${firstDifferent} (another model store, backend or version?)`
  return played === recorded ? line : `${line}; ${whole(played - recorded)} more were made here`
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd(),
  )
}
