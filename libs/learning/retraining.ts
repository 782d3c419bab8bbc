import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { percent } from '#lib/words/format.ts'

/** Why a training is begun: the first of these that holds, what costs most first. */
export type Trigger = 'first model' | 'earnings' | 'drift' | 'new sales' | 'age' | 'schedule'

/** How a model's forecasts did on sales that came after them. */
export type ForecastFigures = Readonly<{ sales: number; medianError: number; coverage90: number }>

/** What is known of the model in force and of its market. Times of the market's clock, milliseconds. */
export type RetrainingFacts = Readonly<{
  now: number
  champion: Readonly<{
    trainedUntil: number
    /** Dollars: the least and the greatest median price of a day that it learnt from; null of models from before these were kept. */
    levels: Readonly<{ least: number; most: number }> | null
  }> | null
  /** Up to when the newest training learnt, whatever came of it; null before the first. */
  learntUntil: number | null
  /** Sales that became known after what the newest training, or else the champion, learnt from. */
  newSales: number
  /** On the newest sales, and on all that this champion priced before them; null where too few are known. */
  newest: ForecastFigures | null
  before: ForecastFigures | null
  /** The median price of the last day, dollars; null where it had too few sales. */
  level: number | null
  /** What alerts of the last weeks came to: those whose time is up, and how many of them gained. */
  money: Readonly<{ matured: number; gained: number }> | null
}>

export type RetrainingSettings = Readonly<{
  /** UTC: each day's training begins at this hour. */
  hour: number
  oldestDays: number
  /** So many sales that the newest training has not seen are worth another. */
  manySales: number
  /** The share of prices that the 90% interval should hold. */
  leastCoverage: number
  /** Median error of the newest sales beside those before, as a ratio. */
  maxWorsening: number
  /** How far beyond the days it learnt from the level may move, as a ratio. */
  levelMargin: number
  /** The share of alerts that must gain, and how many must have matured for their share to say anything. */
  leastGained: number
  fewestMatured: number
  /** Between two trainings, whatever happens: one that was refused would be refused again. */
  hoursApart: number
}>

export const defaultRetraining: RetrainingSettings = {
  hour: 3,
  oldestDays: 3,
  manySales: 15_000,
  leastCoverage: 0.8,
  maxWorsening: 1.25,
  levelMargin: 1.1,
  leastGained: 0.5,
  fewestMatured: 20,
  hoursApart: 6,
}

/** Null: the model in force is good enough, or a training has just been tried. */
export function reasonToTrain(facts: RetrainingFacts, settings: RetrainingSettings): { trigger: Trigger; reason: string } | null {
  const { now, champion, learntUntil } = facts
  if (learntUntil !== null && now - learntUntil < settings.hoursApart * hourMillis) return null
  if (champion === null) return { trigger: 'first model', reason: 'no model prices this market' }
  const reasons: readonly (readonly [Trigger, string | null])[] = [
    ['earnings', earningsReason(facts, settings)],
    ['drift', driftReason(facts, champion.levels, settings)],
    ['new sales', facts.newSales >= settings.manySales ? `${facts.newSales} sales that no training has seen` : null],
    ['age', ageReason(now - champion.trainedUntil, settings)],
    ['schedule', scheduleReason(now, learntUntil ?? champion.trainedUntil, settings)],
  ]
  for (const [trigger, reason] of reasons) if (reason !== null) return { trigger, reason }
  return null
}

/** Too few gained even at the upper end of the 95% interval of their share: no chance of the draw explains it. */
function earningsReason({ money }: RetrainingFacts, { leastGained, fewestMatured }: RetrainingSettings): string | null {
  if (money === null || money.matured < fewestMatured) return null
  const most = upperShare(money.gained, money.matured)
  if (most >= leastGained) return null
  return `${money.gained} of ${money.matured} alerts gained: at most ${percent(most, 1)}, and ${percent(leastGained, 1)} are expected`
}

function driftReason(
  { newest, before, level }: RetrainingFacts,
  levels: { least: number; most: number } | null,
  { leastCoverage, maxWorsening, levelMargin }: RetrainingSettings,
): string | null {
  if (newest !== null && newest.coverage90 < leastCoverage)
    return `the 90% interval held ${percent(newest.coverage90, 1)} of the newest ${newest.sales} sales`
  if (newest !== null && before !== null && newest.medianError > before.medianError * maxWorsening)
    return `median error ${percent(newest.medianError, 1)} on the newest ${newest.sales} sales; it was ${percent(before.medianError, 1)}`
  if (level === null || levels === null) return null
  const isOutside = level > levels.most * levelMargin || level < levels.least / levelMargin
  return isOutside
    ? `the median price is $${level.toFixed(2)}; it learnt from days of $${levels.least.toFixed(2)} to $${levels.most.toFixed(2)}`
    : null
}

const ageReason = (age: number, { oldestDays }: RetrainingSettings): string | null =>
  age > oldestDays * dayMillis ? `the model in force learnt until ${(age / dayMillis).toFixed(1)} days ago` : null

/** The newest moment of the schedule has passed, and nothing was learnt since. */
function scheduleReason(now: number, learntUntil: number, { hour }: RetrainingSettings): string | null {
  const today = Math.floor(now / dayMillis) * dayMillis + hour * hourMillis
  const newest = today <= now ? today : today - dayMillis
  return learntUntil < newest ? 'the training of the day' : null
}

/** Upper end of Wilson's interval (1927), z of 95%. */
function upperShare(hits: number, n: number): number {
  const z = 1.96
  const share = hits / n
  const centre = share + z ** 2 / (2 * n)
  return (centre + z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2))) / (1 + z ** 2 / n)
}
