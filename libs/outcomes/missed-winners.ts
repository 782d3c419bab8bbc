import { rejectionWords } from '#lib/rules/rejection.ts'
import type { Outcome } from '#schemas/types.ts'

/** What of an outcome is looked at here. */
export type FollowedListing = Pick<Outcome, 'kind' | 'listingId' | 'tokenId' | 'rejectedFor' | 'askUsd' | 'netUsd'>

/** What the rules kept from people, and why. Only what was really resold has won or lost. */
export type Missed = Readonly<{
  /** The most frequent first, in words. */
  reasons: ReadonlyArray<Readonly<{ reason: string; count: number; gained: number; lost: number }>>
  /** What would have gained most, best first. */
  winners: ReadonlyArray<Readonly<{ axieId: string; reason: string; askUsd: number; netUsd: number }>>
}>

const maxWinners = 3

/** Candidates that were rejected for good: a Dutch ask may fall and the same listing be an alert after all. */
export function rejectedFrom<Followed extends FollowedListing>(outcomes: readonly Followed[]): Followed[] {
  const alerted = new Set(outcomes.flatMap(({ kind, listingId }) => (kind === 'alert' ? listingId : [])))
  return outcomes.filter(({ kind, listingId }) => kind === 'rejected' && !alerted.has(listingId))
}

export function missedOf(rejected: readonly FollowedListing[]): Missed {
  const candidates = rejected.map(({ rejectedFor, ...outcome }) => ({ ...outcome, reason: rejectionWords(rejectedFor ?? '') }))
  const reasons = [...Map.groupBy(candidates, ({ reason }) => reason)].map(([reason, outcomes]) => ({
    reason,
    count: outcomes.length,
    gained: outcomes.filter(({ netUsd }) => netUsd !== null && netUsd > 0).length,
    lost: outcomes.filter(({ netUsd }) => netUsd !== null && netUsd <= 0).length,
  }))
  const winners = candidates.flatMap(({ tokenId, reason, askUsd, netUsd }) =>
    netUsd !== null && netUsd > 0 ? { axieId: tokenId, reason, askUsd, netUsd } : [],
  )
  return {
    reasons: reasons.sort((a, b) => b.count - a.count),
    winners: winners.sort((a, b) => b.netUsd - a.netUsd).slice(0, maxWinners),
  }
}
