import { barX, dot, line, type PlotOptions, ruleX, ruleY } from '@observablehq/plot'
import type { Learning } from '#lib/model/model-family.ts'
import type { Html } from '#lib/report/html.ts'
import { figure, plot, series } from '#lib/report/plot.ts'
import type { Dependence, Importance } from './probing.ts'

const percentTicks = (value: number): string => `${Math.round(value * 100)}%`

export function calibrationFigure(points: readonly Readonly<{ level: number; below: number }>[]): Html {
  const diagonal = [0, 1].map((level) => ({ level, below: level }))
  const axis = { domain: [0, 1], tickFormat: percentTicks, grid: true }
  const drawing = plot(
    `Share of prices below each quantile: ${points.map(({ level, below }) => `${percentTicks(level)} → ${percentTicks(below)}`).join(', ')}`,
    {
      x: { ...axis, label: 'quantile of the forecast →' },
      y: { ...axis, label: '↑ share of prices below it' },
      marks: [
        line(diagonal, { x: 'level', y: 'below', stroke: series(6), strokeDasharray: '5 3' }),
        line(points, { x: 'level', y: 'below', stroke: series(1) }),
        dot(points, { x: 'level', y: 'below', fill: series(1), r: 4 }),
      ],
    },
  )
  return figure({
    title: 'Are the quantiles honest',
    caption: 'A forecast’s 25% quantile should lie above a quarter of the prices. Below the dashed line: prices came out higher than said.',
    drawing,
    legend: [
      { name: 'found', color: series(1) },
      { name: 'honest', color: series(6), dashed: true },
    ],
  })
}

const dotsShown = 2_000
const bucketsShown = 48

export function residualFigure(residuals: readonly Readonly<{ time: number; residual: number }>[]): Html {
  const step = Math.max(1, Math.ceil(residuals.length / dotsShown))
  const shown = residuals.filter((_, index) => index % step === 0).map(({ time, residual }) => ({ time: new Date(time), residual }))
  const drawing = plot('Log of forecast over price of each sale over time, with the median of each stretch of time', {
    x: { type: 'utc', label: null },
    y: { domain: [-1, 1], label: '↑ log of forecast over price', grid: true },
    marks: [
      ruleY([0]),
      dot(shown, { x: 'time', y: 'residual', r: 1.2, fill: series(6), fillOpacity: 0.5, clip: true }),
      line(medians(residuals), { x: 'time', y: 'residual', stroke: series(2), strokeWidth: 2 }),
    ],
  })
  return figure({
    title: 'Residuals',
    caption: `${step === 1 ? 'Every sale' : `One sale in ${step}`}; beyond ±1 (forecast 2.7 times too high or low) it is not drawn. A line away from zero: the market moved and the forecast lagged.`,
    drawing,
    legend: [
      { name: 'a sale', color: series(6) },
      { name: 'median', color: series(2) },
    ],
  })
}

function medians(residuals: readonly Readonly<{ time: number; residual: number }>[]) {
  const [first, last] = [residuals[0]?.time ?? 0, residuals.at(-1)?.time ?? 0]
  const width = Math.max(1, (last - first) / bucketsShown)
  const buckets = Map.groupBy(residuals, ({ time }) => Math.min(bucketsShown - 1, Math.floor((time - first) / width)))
  return [...buckets].map(([bucket, inside]) => {
    const sorted = inside.map(({ residual }) => residual).sort((a, b) => a - b)
    return { time: new Date(first + (bucket + 0.5) * width), residual: sorted[sorted.length >> 1] as number }
  })
}

export function importanceFigure(importance: readonly Importance[], rows: number): Html {
  const points = importance.map(({ feature, lost }) => ({ feature, lost: Math.max(0, lost) * 100 }))
  const drawing = plot(`Importance of ${points.length} features, the most important being ${points[0]?.feature}`, (width) => ({
    height: 24 * points.length + 60,
    marginLeft: width < 500 ? 130 : 170,
    x: { label: 'points of median error lost without it →', grid: true },
    y: { label: null, domain: points.map(({ feature }) => feature) },
    marks: [barX(points, { x: 'lost', y: 'feature', fill: series(1) }), ruleX([0])],
  }))
  return figure({
    title: 'What the model would miss',
    caption: `By how much the median error rises when a feature’s values are dealt out at random among ${rows.toLocaleString('en')} unseen sales. Features that say the same share it out: none is missed alone.`,
    drawing,
  })
}

export function dependenceFigure({ feature, kind, points }: Dependence): Html {
  const worth = { label: '↑ forecast, times the level', grid: true } as const
  const ofNumbers: PlotOptions = {
    x: { label: `${feature} →` },
    y: worth,
    marks: [
      ruleY([1]),
      line(points, { x: 'value', y: 'worth', stroke: series(1) }),
      dot(points, { x: 'value', y: 'worth', fill: series(1), r: 2.5 }),
    ],
  }
  const ofCategories = (width: number): PlotOptions => ({
    height: 24 * points.length + 60,
    marginLeft: width < 500 ? 130 : 170,
    x: { label: 'forecast, times the level →', grid: true },
    y: { label: null, domain: points.map(({ name }) => name) },
    marks: [barX(points, { x: 'worth', y: 'name', fill: series(1) }), ruleX([1])],
  })
  const description = `Median forecast by ${feature}: ${points.map(({ name, worth: value }) => `${name} ${value.toFixed(2)}`).join(', ')}`
  return figure({
    title: feature,
    caption: kind === 'number' ? 'At quantiles of its values.' : 'Its commonest values.',
    drawing: plot(description, kind === 'number' ? ofNumbers : ofCategories),
  })
}

export function learningFigure({ step, kept, losses }: Learning): Html {
  const points = losses.map((loss, index) => ({ step: index + 1, loss }))
  const drawing = plot(`Loss on the stopping sales after each ${step}; ${kept} were kept`, {
    x: { label: `${step}s →` },
    y: { label: '↑ loss', grid: true },
    marks: [line(points, { x: 'step', y: 'loss', stroke: series(1) }), ruleX([kept], { stroke: series(2), strokeDasharray: '5 3' })],
  })
  return figure({
    title: 'Loss while learning',
    caption: `Pinball loss on newer sales than those that were fitted, after each ${step}. Where it stops falling, learning stops.`,
    drawing,
    legend: [
      { name: 'loss', color: series(1) },
      { name: `kept: ${kept} ${step}s`, color: series(2), dashed: true },
    ],
  })
}
