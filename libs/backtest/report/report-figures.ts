import { areaY, dot, line, lineY, ruleX, ruleY, text } from '@observablehq/plot'
import type { BacktestResult } from '#lib/backtest/result.ts'
import type { Html } from '#lib/report/html.ts'
import { figure, plot, series } from '#lib/report/plot.ts'
import { percent } from '#lib/words/format.ts'
import { drawdownsOf } from '../money/curve.ts'
import { dollars, whole } from './text.ts'

const time = { type: 'utc', label: null } as const

/** The first figure: what each earned a day with the same money, and how sure that is. */
export function equalCapitalFigure({ strategies, execution, countedDays }: BacktestResult): Html {
  const rows = strategies.map(({ name, usdPerDay, interval, usdByDay }) => ({ name, usdPerDay, interval, days: usdByDay }))
  const ranges = rows.flatMap(({ name, interval }) => (interval === null ? [] : [{ name, ...interval }]))
  const days = rows.flatMap(({ name, days: found }) => found.map(({ usd }) => ({ name, usd })))
  return figure({
    title: `Dollars a day with ${dollars(execution.capitalUsd)}`,
    caption: `Filled: the mean of the days that count. Line: its 95% interval over these ${countedDays} days${ranges.length === 0 ? ' (too few: none is drawn)' : ''}. Faint dots: each day, counted or not.`,
    drawing: plot('Dollars a day of each strategy at equal capital', (width) => ({
      height: 60 + rows.length * 42,
      marginLeft: width < 500 ? 122 : 150,
      x: { label: 'US dollars a day', grid: true, ticks: 5 },
      y: { label: null, domain: rows.map(({ name }) => name), tickSize: 0 },
      marks: [
        ruleX([0]),
        dot(days, { x: 'usd', y: 'name', r: 3, fill: 'currentColor', fillOpacity: 0.28 }),
        ruleY(ranges, { y: 'name', x1: 'low', x2: 'high', stroke: series(1), strokeWidth: 3, strokeOpacity: 0.55, strokeLinecap: 'round' }),
        dot(rows, { x: 'usdPerDay', y: 'name', r: 6, fill: ({ name }: { name: string }) => (name === 'alerts' ? series(1) : series(6)) }),
        text(rows, {
          x: 'usdPerDay',
          y: 'name',
          text: ({ usdPerDay }: { usdPerDay: number }) => dollars(usdPerDay),
          dy: -13,
          fill: 'currentColor',
        }),
      ],
    })),
  })
}

export function dayFigure({ strategies, days }: BacktestResult): Html {
  const [alerts, random] = [strategies[0]!, strategies.find(({ name }) => name.startsWith('random'))!]
  const points = days.flatMap(({ day, counts }, place) =>
    [alerts, random].map(({ name, usdByDay }) => ({ day: day.slice(5), who: name, usd: usdByDay[place]!.usd, counts })),
  )
  const bars = (who: string, color: string, dx: number) =>
    ruleX(
      points.filter((point) => point.who === who),
      {
        x: 'day',
        y1: 0,
        y2: 'usd',
        stroke: color,
        strokeWidth: 12,
        dx,
        strokeOpacity: ({ counts }: { counts: boolean }) => (counts ? 1 : 0.35),
      },
    )
  return figure({
    title: 'Each day’s account',
    caption:
      'Alerts beside random picks matched by day and ask. Pale: days that do not count, as too few of the hours after them were observed.',
    legend: [
      { name: 'alerts', color: series(1) },
      { name: 'random, matched', color: series(2) },
    ],
    drawing: plot('Dollars of each day, alerts and random picks', {
      x: { label: null, domain: days.map(({ day }) => day.slice(5)), padding: 0.3, type: 'point' },
      y: { grid: true, label: 'US dollars' },
      marks: [bars(alerts.name, series(1), -7), bars(random.name, series(2), 7), ruleY([0])],
    }),
  })
}

export function accountFigure({ portfolio, execution }: BacktestResult): Html {
  const points = portfolio.curve.flatMap(({ at, cashUsd, offeredUsd, stuckUsd }) => [
    { at: new Date(at), what: 'cash', low: 0, high: cashUsd },
    { at: new Date(at), what: 'offered', low: cashUsd, high: cashUsd + offeredUsd },
    { at: new Date(at), what: 'stuck', low: cashUsd + offeredUsd, high: cashUsd + offeredUsd + stuckUsd },
  ])
  const layer = (what: string, color: string, fillOpacity: number) =>
    areaY(
      points.filter((point) => point.what === what),
      { x: 'at', y1: 'low', y2: 'high', fill: color, fillOpacity, curve: 'step-after' },
    )
  return figure({
    title: 'Cash, stock and what is stuck',
    caption: `One account through all days, hour by hour, in the first draw of luck. Stock stands at its liquidation value (${percent(execution.liquidationRatio)} of what its like had sold for, less the fee), never at its cost. Line: the ${dollars(execution.capitalUsd)} it began with.`,
    legend: [
      { name: 'cash', color: series(1) },
      { name: 'on offer', color: series(3) },
      { name: 'stuck: found no buyer in its time', color: series(2) },
    ],
    drawing: plot('Cash, stock on offer and stuck stock over time', {
      x: time,
      y: { grid: true, label: 'US dollars', zero: true },
      marks: [
        layer('cash', series(1), 0.75),
        layer('offered', series(3), 0.75),
        layer('stuck', series(2), 0.75),
        ruleY([0]),
        ruleY([execution.capitalUsd], { stroke: 'currentColor', strokeDasharray: '2 3' }),
      ],
    }),
  })
}

/** A drawdown of less stays small in the drawing too. */
const shallowest = 0.005

export function drawdownFigure({ portfolio, execution }: BacktestResult): Html {
  const points = drawdownsOf(portfolio.curve, execution.capitalUsd).map(({ at, ratio }) => ({ at: new Date(at), below: -ratio }))
  const deepest = Math.max(shallowest, ...points.map(({ below }) => -below))
  return figure({
    title: 'Drawdown',
    caption: 'How far its worth, in liquidation value, stood below its highest so far: as if all stock had to go at once.',
    drawing: plot('Drawdown over time', (width) => ({
      height: Math.max(140, Math.round(width * 0.22)),
      x: time,
      y: {
        grid: true,
        label: null,
        ticks: 3,
        domain: [-deepest, 0],
        tickFormat: (below: number) => percent(below, deepest < 0.05 ? 1 : 0),
      },
      marks: [
        ruleY([0]),
        // Two bounds: with one, what happened at the same moment would be stacked.
        areaY(points, { x: 'at', y1: 0, y2: 'below', fill: series(2), fillOpacity: 0.35, curve: 'step-after' }),
        lineY(points, { x: 'at', y: 'below', stroke: series(2), curve: 'step-after' }),
      ],
    })),
  })
}

export function fillFigure({ fillCurve, execution }: BacktestResult): Html {
  const known = fillCurve.filter(({ expectedGainUsd }) => Number.isFinite(expectedGainUsd))
  return figure({
    title: 'Profit against the chance of being first',
    caption: `Each point is a strength of competition (the number beside it; this run: ${execution.competition}). The better the bargain, the sooner it is gone, so losing more races also means keeping the worse ones.`,
    drawing: plot('Expected gain falls with the mean chance to be first', {
      x: { label: 'mean chance of being first', tickFormat: (share: number) => percent(share), domain: [0, 1] },
      y: { grid: true, label: 'expected gain, US dollars', zero: true },
      marks: [
        ruleY([0]),
        line(known, { x: 'meanFill', y: 'expectedGainUsd', stroke: series(1), strokeWidth: 2 }),
        dot(known, {
          x: 'meanFill',
          y: 'expectedGainUsd',
          fill: series(1),
          r: ({ competition }: { competition: number }) => (competition === execution.competition ? 6 : 3),
        }),
        text(known, {
          x: 'meanFill',
          y: 'expectedGainUsd',
          text: ({ competition }: { competition: number }) => String(competition),
          dx: -12,
          dy: -8,
          fill: 'currentColor',
        }),
      ],
    }),
  })
}

export function calibrationFigure({ forecast }: BacktestResult): Html {
  const diagonal = [0, 1].map((level) => ({ level, share: level }))
  return figure({
    title: 'Calibration',
    caption: `Share of ${whole(forecast.all.rows)} sales at or below each quantile of their forecast: on the dashed line they are honest. 25-75% holds ${percent(forecast.all.coverage50, 1)} of prices, 5-95% holds ${percent(forecast.all.coverage90, 1)}.`,
    legend: [
      { name: 'this run', color: series(1) },
      { name: 'as it should be', color: series(6), dashed: true },
    ],
    drawing: plot('Observed shares against quantile levels', (width) => ({
      height: Math.min(width, 420),
      x: { label: 'quantile of the forecast', domain: [0, 1] },
      y: { label: 'share of prices below', domain: [0, 1], grid: true },
      marks: [
        line(diagonal, { x: 'level', y: 'share', stroke: series(6), strokeDasharray: '5 3' }),
        line(forecast.calibration, { x: 'level', y: 'share', stroke: series(1), strokeWidth: 2 }),
        dot(forecast.calibration, { x: 'level', y: 'share', fill: series(1), r: 4 }),
      ],
    })),
  })
}

export function tradesFigure({ portfolio }: BacktestResult): Html {
  const trades = portfolio.trades.map(({ askUsd, return: gain, exit }) => ({ askUsd, gain, exit }))
  const colors = { resold: series(1), alike: series(3), unsold: series(2), censored: series(6) } as const
  const symbols = { resold: 'circle', alike: 'square', unsold: 'times', censored: 'diamond' } as const
  return figure({
    title: 'Every purchase',
    caption:
      'What was paid, and what came of it. Circle: really resold; square: sold to the buyer of one alike; cross: unsold, at its liquidation value; diamond: censored, the same.',
    legend: Object.entries(colors).map(([name, color]) => ({ name, color })),
    drawing: plot('Return of each purchase against its price', {
      x: { type: 'log', label: 'paid, US dollars', tickFormat: (usd: number) => dollars(usd) },
      y: { grid: true, label: 'return', tickFormat: (share: number) => percent(share) },
      marks: [
        ruleY([0]),
        ...Object.keys(colors).map((kind) =>
          dot(
            trades.filter(({ exit }) => exit === kind),
            {
              x: 'askUsd',
              y: 'gain',
              stroke: colors[kind as keyof typeof colors],
              symbol: symbols[kind as keyof typeof symbols],
              r: 3.5,
              strokeOpacity: 0.8,
            },
          ),
        ),
      ],
    }),
  })
}
