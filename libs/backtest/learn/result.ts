import { lossOf } from '#lib/learning/loss.ts'
import { learningSettings } from '#lib/learning/settings.ts'
import type { Interval } from '#lib/numbers/interval.ts'
import { median } from '#lib/numbers/median.ts'
import { meanInterval } from '#lib/numbers/student-t.ts'
import type { Candidate } from '../money/candidate.ts'
import { leastDays } from '../money/contest.ts'
import { judgeMoney } from '../money/judge-money.ts'
import type { SaleBook } from '../money/sale-book.ts'
import type { ExecutionSettings } from '../money/settings.ts'
import { dayOf } from '../money/strategies.ts'
import type { DayModel } from '../walk-forward.ts'
import type { ArmDecision, PlayedArm } from './arms.ts'

/** What `backtest --learn --json` prints. Losses are mean pinball losses of log price; intervals are of the mean difference by day. */
export type LearningResult = Readonly<{
  command: 'backtest --learn'
  models: readonly DayModel[]
  arms: readonly ArmResult[]
  /** What so few days can show. */
  caution: string
  cpuSeconds: number
}>

export type ArmResult = Readonly<{
  name: string
  sales: number
  loss: number
  medianApe: number
  usdPerDay: number
  /** This arm less the frozen one, by day. */
  lessFrozen: Readonly<{ loss: Interval | null; medianApe: Interval | null; usd: Interval | null }>
  days: readonly ArmDay[]
  decisions: readonly ArmDecision[]
}>

export type ArmDay = Readonly<{ day: number; sales: number; loss: number; medianApe: number }>

/** A listing of the played sales sells at its ask: the ask is the price. */
export function armDays(candidates: readonly Candidate[]): ArmDay[] {
  return [...Map.groupBy(candidates, dayOf)].map(([day, sold]) => ({
    day,
    sales: sold.length,
    loss: mean(sold.map(({ quantilesUsd, askUsd }) => lossOf(quantilesOf(quantilesUsd), askUsd))),
    medianApe: median(sold.map(({ quantilesUsd, askUsd }) => Math.abs((quantilesUsd[2] as number) / askUsd - 1))),
  }))
}

const quantilesOf = (quantiles: readonly number[]) => {
  const [q05, q25, q50, q75, q95] = quantiles as [number, number, number, number, number]
  return { q05, q25, q50, q75, q95 }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export type MoneyContext = Readonly<{
  book: SaleBook
  execution: ExecutionSettings
  span: Readonly<{ from: number; to: number }>
  seed: number
}>

/** Dollars of each day, of the alerts. */
export function armMoney(candidates: readonly Candidate[], { book, execution, span, seed }: MoneyContext): readonly number[] {
  const { strategies } = judgeMoney({ candidates, book, settings: execution, race: 'assumed', span, seed, beside: [] })
  return (strategies[0]?.usdByDay ?? []).map(({ usd }) => usd)
}

type Assessed = Readonly<{
  arms: Readonly<Record<string, PlayedArm>>
  money: (arm: PlayedArm) => readonly number[]
  models: readonly DayModel[]
  cpuSeconds: number
}>

export function assessArms({ arms, money, models, cpuSeconds }: Assessed): LearningResult {
  const frozen = arms['frozen'] as PlayedArm
  const base = { days: armDays(frozen.candidates), usd: money(frozen) }
  const results = Object.entries(arms).map(([name, arm]): ArmResult => {
    const days = armDays(arm.candidates)
    const usd = money(arm)
    return {
      name,
      sales: arm.candidates.length,
      loss: mean(days.map(({ loss }) => loss)),
      medianApe: mean(days.map(({ medianApe }) => medianApe)),
      usdPerDay: mean(usd),
      lessFrozen: {
        loss: pairedInterval(
          days.map(({ loss }) => loss),
          base.days.map(({ loss }) => loss),
        ),
        medianApe: pairedInterval(
          days.map((one) => one.medianApe),
          base.days.map((one) => one.medianApe),
        ),
        usd: pairedInterval(usd, base.usd),
      },
      days,
      decisions: arm.decisions,
    }
  })
  return { command: 'backtest --learn', models, arms: results, caution: cautionOf(models), cpuSeconds }
}

const pairedInterval = (values: readonly number[], base: readonly number[]): Interval | null =>
  meanInterval(
    values.map((value, place) => value - (base[place] as number)),
    leastDays,
  )

function cautionOf(models: readonly DayModel[]): string {
  const tenures = Math.floor(models.length / (learningSettings.tenureMillis / 86_400_000))
  return `${models.length} days hold ${tenures === 0 ? 'less than one whole tenure' : `${tenures} whole tenures`} of a challenger: expect few verdicts, and take a tie between frozen and judged for what it is`
}
