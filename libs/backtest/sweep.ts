/** Other values of a parameter, tried on the same forecasts. */
import { UsageError } from '#lib/app/usage-error.ts'
import type { Rule, RuleSet } from '#lib/rules/rule-set.ts'
import { type ExecutionSettings, knobNames, knobOf } from './money/settings.ts'

export type SweepAxis = Readonly<{ name: string; values: readonly number[] }>

/** One try: the values by name, and what they make of rules and execution. */
export type SweepPoint = Readonly<{ values: Readonly<Record<string, number>>; rules: RuleSet; execution: ExecutionSettings }>

type Change = Readonly<{ rules?: (rules: RuleSet, value: number) => RuleSet; execution?: (value: number) => Partial<ExecutionSettings> }>

const changes: ReadonlyMap<string, Change> = new Map<string, Change>([
  // After the fee over the ask: 0.3 = the default rule's 1.3.
  ['margin', { rules: (rules, value) => withForecast(rules, { minimumRatio: 1 + value }) }],
  // Dollars that the forecast after the fee must leave.
  ['gain', { rules: (rules, value) => withForecast(rules, { minimumGainUsd: value }) }],
  ...knobNames
    .filter((name) => name !== 'draws')
    .map((name): [string, Change] => [knobOf(name).flag, { execution: (value) => ({ [name]: value }) }]),
])

/** Margin and gain of the rules, and every number of a purchase by its flag. */
export const sweepNames: readonly string[] = [...changes.keys()]

const maxValues = 50

/** `margin=0.1:0.6:0.1`. UsageError. */
export function parseSweep(given: string): SweepAxis {
  const expected = `--sweep: expected NAME=FROM:TO:STEP such as margin=0.1:0.6:0.1, NAME one of ${sweepNames.join(', ')}; found ${given}`
  const [, name, from, to, step] = /^([\w-]+)=([\d.]+):([\d.]+):([\d.]+)$/.exec(given) ?? []
  const [low, high, by] = [Number(from), Number(to), Number(step)]
  if (name === undefined || !changes.has(name) || !(low <= high && by > 0)) throw new UsageError(expected)
  const count = Math.floor((high - low) / by + 1e-9) + 1
  if (count > maxValues) throw new UsageError(`--sweep ${given}: expected at most ${maxValues} values, found ${count}`)
  // 0.1 + 2 × 0.1 is not 0.3: the decimals that were written are the ones that are meant.
  const values = Array.from({ length: count }, (_, index) => Number((low + index * by).toFixed(9)))
  return { name, values }
}

/** Every combination of the axes' values. UsageError where the rules have nothing that an axis could change. */
export function sweepPoints(axes: readonly SweepAxis[], rules: RuleSet, execution: ExecutionSettings): SweepPoint[] {
  if (axes.length === 0) return []
  return axes.reduce<SweepPoint[]>(
    (points, { name, values }) => points.flatMap((point) => values.map((value) => changed(point, name, value))),
    [{ values: {}, rules, execution }],
  )
}

function changed(point: SweepPoint, name: string, value: number): SweepPoint {
  const change = changes.get(name) as Change
  return {
    values: { ...point.values, [name]: value },
    rules: change.rules?.(point.rules, value) ?? point.rules,
    execution: { ...point.execution, ...change.execution?.(value) },
  }
}

type MarginForecast = Extract<Rule['forecast'], { kind: 'margin_after_fee' }>

function withForecast(ruleSet: RuleSet, change: Partial<MarginForecast>): RuleSet {
  if (!ruleSet.rules.some(({ forecast }) => forecast.kind === 'margin_after_fee')) {
    throw new UsageError(`--sweep: no rule of ${ruleSet.name} has a margin after the fee that could be changed`)
  }
  const rules = ruleSet.rules.map((rule) =>
    rule.forecast.kind === 'margin_after_fee' ? { ...rule, forecast: { ...rule.forecast, ...change } } : rule,
  )
  return { ...ruleSet, rules }
}
