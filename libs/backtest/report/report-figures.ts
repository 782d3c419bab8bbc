import { areaY, dot, line, lineY, ruleY, text } from '@observablehq/plot'
import type { BacktestResult } from '#lib/backtest/result.ts'
import type { Html } from '#lib/report/html.ts'
import { figure, plot, series } from '#lib/report/plot.ts'
import { drawdowns } from './portfolio.ts'
import { dollars, percent, whole } from './text.ts'

const time = { type: 'utc', label: null } as const

export function equityFigure({ portfolio, execution }: BacktestResult): Html {
  const points = portfolio.equity.map(({ at, equityUsd, investedUsd }) => ({ at: new Date(at), equityUsd, investedUsd }))
  const last = points.at(-1)
  return figure({
    title: 'Equity',
    caption: `Money and what is held. What is not sold yet stands at its cost, what turned out unsold at its mark where that is lower. Start: ${dollars(execution.capitalUsd)}.`,
    legend: [
      { name: 'equity', color: series(1) },
      { name: 'of it invested', color: series(2), dashed: true },
    ],
    drawing: plot(`Equity from ${dollars(execution.capitalUsd)} to ${dollars(last?.equityUsd)}, and how much of it was invested`, {
      x: time,
      y: { grid: true, label: 'US dollars', zero: true },
      marks: [
        ruleY([0]),
        ruleY([execution.capitalUsd], { stroke: 'currentColor', strokeOpacity: 0.4 }),
        lineY(points, { x: 'at', y: 'equityUsd', stroke: series(1), strokeWidth: 2, curve: 'step-after' }),
        lineY(points, { x: 'at', y: 'investedUsd', stroke: series(2), strokeDasharray: '5 3', curve: 'step-after' }),
      ],
    }),
  })
}

/** A drawdown of less stays small in the drawing too. */
const shallowest = 0.005

export function drawdownFigure({ portfolio, execution }: BacktestResult): Html {
  const points = drawdowns(portfolio.equity, execution.capitalUsd).map(({ at, ratio }) => ({ at: new Date(at), below: -ratio }))
  const deepest = Math.max(shallowest, ...points.map(({ below }) => -below))
  return figure({
    title: 'Drawdown',
    caption:
      'How far equity stood below its highest so far. Prices of what is held between purchase and exit are not known, so the true one is deeper.',
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
      x: { label: 'mean chance of being first', tickFormat: (share: number) => percent(share, 0), domain: [0, 1] },
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
    caption: `Share of ${whole(forecast.all.rows)} sales at or below each quantile of their forecast: on the dashed line they are honest. 25-75% holds ${percent(forecast.all.coverage50)} of prices, 5-95% holds ${percent(forecast.all.coverage90)}.`,
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
  const colors = { resold: series(1), similar: series(3), unsold: series(2), censored: series(6) } as const
  const symbols = { resold: 'circle', similar: 'square', unsold: 'times', censored: 'diamond' } as const
  return figure({
    title: 'Every purchase',
    caption:
      'What was paid, and what came of it. Filled circle: really resold; square: priced by similar sales; cross: unsold, at its mark or at cost; diamond: censored.',
    legend: Object.entries(colors).map(([name, color]) => ({ name, color })),
    drawing: plot('Return of each purchase against its price', {
      x: { type: 'log', label: 'paid, US dollars', tickFormat: (usd: number) => dollars(usd) },
      y: { grid: true, label: 'return', tickFormat: (share: number) => percent(share, 0) },
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
