import { type FollowedListing, type Missed, missedOf, rejectedFrom } from '#lib/outcomes/missed-winners.ts'
import type { Outcome } from '#schemas/types.ts'
import { createRecent } from './recent.ts'

/** What became of a kind of purchase: of the alerts, of the random buyer beside them, of what the rules rejected. Shares are of `followed`, gains of `soldOn`. */
export type TallySummary = Readonly<{
  followed: number
  /** Still on offer this long after it was seen; null before the first. */
  after10s: number | null
  after60s: number | null
  soldOn: number
  /** The share of those sold on that left something after fee and ask. */
  gained: number | null
  medianNetUsd: number | null
}>

export type OutcomeTally = Readonly<{
  /** An outcome is revised as events arrive: the newest of an alert counts. */
  take(outcome: Outcome): void
  summary(): OutcomeSummary
}>

export type OutcomeSummary = Readonly<{ alerts: TallySummary; random: TallySummary; rejected: TallySummary; missed: Missed }>

export function createOutcomeTally(remembered: number): OutcomeTally {
  const kept = {
    alert: createRecent<Followed>(remembered),
    random: createRecent<Followed>(remembered),
    rejected: createRecent<Followed>(remembered),
  }
  /** Null: something came since. Every status asks for it. */
  let summary: OutcomeSummary | null = null

  const summed = (): OutcomeSummary => {
    const alerts = kept.alert.newest(remembered)
    const rejected = rejectedFrom([...alerts, ...kept.rejected.newest(remembered)])
    return {
      alerts: summaryOf(alerts),
      random: summaryOf(kept.random.newest(remembered)),
      rejected: summaryOf(rejected),
      missed: missedOf(rejected),
    }
  }

  return {
    take(outcome) {
      kept[outcome.kind].set(outcome.alertId, followedOf(outcome))
      summary = null
    },
    summary() {
      summary ??= summed()
      return summary
    },
  }
}

/** All that a tally looks at: thousands are remembered. */
type Followed = FollowedListing & Pick<Outcome, 'alertedAt' | 'goneAt'>

const followedOf = ({ kind, listingId, tokenId, rejectedFor, askUsd, netUsd, alertedAt, goneAt }: Outcome): Followed => ({
  kind,
  listingId,
  tokenId,
  rejectedFor,
  askUsd,
  netUsd,
  alertedAt,
  goneAt,
})

function summaryOf(outcomes: readonly Followed[]): TallySummary {
  const share = (those: number, all: number): number | null => (all === 0 ? null : those / all)
  const stillThere = (seconds: number) =>
    share(outcomes.filter(({ goneAt, alertedAt }) => goneAt === null || goneAt - alertedAt > seconds * 1_000).length, outcomes.length)
  const nets = outcomes.flatMap(({ netUsd }) => netUsd ?? []).sort((a, b) => a - b)
  return {
    followed: outcomes.length,
    after10s: stillThere(10),
    after60s: stillThere(60),
    soldOn: nets.length,
    gained: share(nets.filter((net) => net > 0).length, nets.length),
    medianNetUsd: nets[nets.length >> 1] ?? null,
  }
}
