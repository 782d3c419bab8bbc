import { dayMillis, hourMillis } from '#lib/clock/durations.ts'

/** All that the learner goes by. Replay computes decisions anew with these: whoever changes one decides otherwise from then on. */
export const learningSettings = {
  /** A sale is compared with the latest forecast of it that is not older. */
  forecastMillis: 72 * hourMillis,
  /** Differences of two losses of one sale, at most, either way: log price times a level, so 0.5 is a price missed by a factor of two and more. */
  clip: 0.5,
  /** A block ends when it has lasted this long and has this many sales, or lasted `maxMillis`. Verdicts are looked at when a block ends. */
  block: { millis: hourMillis, sales: 100, maxMillis: 4 * dayMillis },
  /** Log price of each quantile less the median's, of the forecast that needs no model: as sales of one kind lie about their median. */
  ruleSpread: [-0.5, -0.15, 0, 0.15, 0.5],
  /** The chance that a challenger which is not better is ever called better; likewise for each other verdict. */
  alpha: 0.05,
  /** The variance process where the bounds are tightest from: that of about 1,000 sales of two models of one kind. */
  tightFrom: 0.1,
  /** A share of the champion's loss. Smaller differences are not seen within a challenger's tenure. */
  margin: 0.03,
  /** What promotions without being shown better may lose in sum, as a share, since the last model that was shown better. */
  allowance: 0.03,
  /** How long a challenger may be compared before it makes room. On the market's clock. */
  tenureMillis: 7 * dayMillis,
} as const

export type LearningSettings = Readonly<Record<Exclude<keyof typeof learningSettings, 'block' | 'ruleSpread'>, number>> &
  Readonly<{ block: Readonly<Record<keyof (typeof learningSettings)['block'], number>>; ruleSpread: readonly number[] }>
