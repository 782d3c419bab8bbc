import { paperSettings } from '#lib/paper/paper-account.ts'
import { type PaperAccountSummary, paperAccountsWithin } from '#lib/paper/paper-summary.ts'
import { paperLines } from '#lib/paper/paper-words.ts'
import { netOf } from '#lib/positions/position-result.ts'
import { signedUsd, usd } from '#lib/words/format.ts'
import type { Outcome, PaperTrade, Position } from '#schemas/types.ts'
import { type AlertStatistics, describeStatistics, statisticsOf } from './alert-statistics.ts'
import { clipLines, plain } from './discord-text.ts'

/** What a day or a week came to: for whoever bought every alert, on paper by each rule beside who buys at random, and for those who really bought. */
export type PeriodSummary = Readonly<{
  alerts: AlertStatistics
  paper: readonly Omit<PaperAccountSummary, 'curve'>[]
  real: RealResult
}>

/** Positions that were bought in the period, of all accounts. */
export type RealResult = Readonly<{ bought: number; spentUsd: number; sold: number; gained: number; netUsd: number; openUsd: number }>

export type Span = Readonly<{ from: number; to: number }>

export function periodSummary(
  span: Span,
  period: Readonly<{ outcomes: Iterable<Outcome>; trades: readonly PaperTrade[]; positions: readonly Position[] }>,
): PeriodSummary {
  return {
    alerts: statisticsOf(period.outcomes, span),
    paper: paperAccountsWithin(period.trades, span),
    real: realOf(period.positions, span),
  }
}

function realOf(positions: readonly Position[], { from, to }: Span): RealResult {
  const bought = positions.filter(({ boughtAt }) => boughtAt >= from && boughtAt < to)
  const nets = bought.flatMap((position) => netOf(position) ?? [])
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    bought: bought.length,
    spentUsd: sum(bought.map(({ boughtUsd }) => boughtUsd)),
    sold: nets.length,
    gained: nets.filter((net) => net > 0).length,
    netUsd: sum(nets),
    openUsd: sum(bought.flatMap(({ soldAt, boughtUsd }) => (soldAt === null ? [boughtUsd] : []))),
  }
}

/** An embed holds 4,096: the rest is what came of the alerts. */
const maxPaperCharacters = 2_000
const maxLineLength = 500

/** For people, in Discord's markdown. */
export const describePeriod = ({ alerts, paper, real }: PeriodSummary): string =>
  [describeStatistics(alerts, []), ...paperText(paper), ...realText(real)].join('\n')

function paperText(paper: PeriodSummary['paper']): string[] {
  if (paper.length === 0) return []
  const lines = paperLines(paper).map((line) => plain(line, maxLineLength))
  return [`**Paper accounts**, ${usd(paperSettings.capitalUsd)} each at the start`, clipLines(lines, maxPaperCharacters)]
}

function realText({ bought, spentUsd, sold, gained, netUsd, openUsd }: RealResult): string[] {
  if (bought === 0) return []
  const open = bought === sold ? '' : `; ${bought - sold} open at ${usd(openUsd)}`
  const result = sold === 0 ? 'none sold yet' : `${sold} sold, ${gained} gained, ${signedUsd(netUsd)} after the fee`
  return [`**Positions** ${bought} bought for ${usd(spentUsd)}: ${result}${open}`]
}
