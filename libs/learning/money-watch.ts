import { percent } from '#lib/words/format.ts'
import type { MoneyEvidence } from '#schemas/types.ts'

/** By what a rule's posts are paused, and earn their way back. */
export type MoneyWatchSettings = Readonly<{
  /** The share of alerts that must gain. */
  promised: number
  /** The chance that a rule which keeps its promise is ever paused for its share, however often one looks. */
  alpha: number
  /** Fewer outcomes than these say nothing, either way. */
  fewest: number
  /** What a rule may lose in sum, dollars, since it was last resumed. */
  maxLossUsd: number
  /** A paused rule resumes when it is shown to gain more often than this; the chance that one which does not is resumed. */
  resumeAbove: number
  resumeAlpha: number
}>

export const moneyWatchSettings: MoneyWatchSettings = {
  promised: 0.5,
  alpha: 0.01,
  fewest: 20,
  maxLossUsd: 500,
  resumeAbove: 0.35,
  resumeAlpha: 0.05,
}

type Tally = Readonly<{ matured: number; gained: number; netUsd: number }>

export type MoneyState = Readonly<{ name: 'posting'; tally: Tally }> | Readonly<{ name: 'paused'; why: string; tally: Tally }>

/** What a day of evidence makes people be told. */
export type MoneyDecision = Readonly<{ kind: 'pause_rule' | 'resume_rule'; reason: string }>

const nothing: Tally = { matured: 0, gained: 0, netUsd: 0 }
export const initialMoneyState: MoneyState = { name: 'posting', tally: nothing }

/**
 * One rule's state after another day. A pause stops its posts and nothing else: alerts, outcomes and evidence go on, so that a rule can earn
 * its way back. Each state begins to count anew.
 */
export function nextMoneyState(
  state: MoneyState,
  evidence: Pick<MoneyEvidence, 'matured' | 'gained' | 'gainUsd' | 'lossUsd'>,
  settings: MoneyWatchSettings,
): Readonly<{ state: MoneyState; decision: MoneyDecision | null }> {
  const tally = {
    matured: state.tally.matured + evidence.matured,
    gained: state.tally.gained + evidence.gained,
    netUsd: state.tally.netUsd + evidence.gainUsd - evidence.lossUsd,
  }
  if (state.name === 'posting') {
    const why = reasonToPause(tally, settings)
    if (why === null) return { state: { name: 'posting', tally }, decision: null }
    return { state: { name: 'paused', why, tally: nothing }, decision: { kind: 'pause_rule', reason: `${why}. ${wayBack(settings)}` } }
  }
  if (!isEarnedBack(tally, settings)) return { state: { ...state, tally }, decision: null }
  const reason = `${tally.gained} of the ${tally.matured} alerts since the pause gained, ${usd(tally.netUsd)} in all`
  return { state: initialMoneyState, decision: { kind: 'resume_rule', reason } }
}

/**
 * The state after evidence that stands in the log: where it says otherwise than was computed, people had told otherwise in between, and their
 * word, of which only the newest is kept, is gone.
 */
export function stateAsWritten(
  computed: MoneyState,
  { vetoes, ...evidence }: Pick<MoneyEvidence, 'vetoes' | 'matured' | 'gained' | 'gainUsd' | 'lossUsd'>,
): MoneyState {
  if (vetoes === (computed.name === 'paused')) return computed
  if (vetoes) return { name: 'paused', why: 'by what it had lost since people resumed it', tally: nothing }
  const { matured, gained, gainUsd, lossUsd } = evidence
  return { name: 'posting', tally: { matured, gained, netUsd: gainUsd - lossUsd } }
}

function reasonToPause({ matured, gained, netUsd }: Tally, { promised, alpha, fewest, maxLossUsd }: MoneyWatchSettings): string | null {
  if (-netUsd > maxLossUsd) return `its alerts lost ${usd(-netUsd)}, more than the limit of ${usd(maxLossUsd)}`
  if (matured < fewest || evidenceAgainst(promised, 'at least', { matured, gained }) < 1 / alpha) return null
  return `${gained} of its ${matured} alerts gained, and ${percent(promised)} were promised`
}

const isEarnedBack = ({ matured, gained, netUsd }: Tally, { resumeAbove, resumeAlpha, fewest }: MoneyWatchSettings): boolean =>
  matured >= fewest && netUsd >= 0 && evidenceAgainst(resumeAbove, 'at most', { matured, gained }) >= 1 / resumeAlpha

const wayBack = ({ fewest, resumeAbove }: MoneyWatchSettings): string =>
  `Its posts resume by themselves when at least ${fewest} later outcomes show that more than ${percent(resumeAbove)} gain and none is lost in sum, or by flipstream controls resume-rule`

const alternatives = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

/**
 * An e-process against "at least (at most) this share gains": the mean of likelihood ratios of Bernoulli outcomes over alternatives
 * on the other side. Each ratio is a nonnegative supermartingale of mean at most 1 under the hypothesis, so that by Ville's inequality it ever
 * reaches 1/α with a chance of at most α (Ramdas, Grünwald, Vovk, Shafer 2023, "Game-theoretic statistics and safe anytime-valid inference",
 * section 3).
 */
export function evidenceAgainst(
  share: number,
  side: 'at least' | 'at most',
  { matured, gained }: Pick<Tally, 'matured' | 'gained'>,
): number {
  const ratios = alternatives.map((part) => {
    const other = side === 'at least' ? share * part : share + (1 - share) * part
    return Math.exp(gained * Math.log(other / share) + (matured - gained) * Math.log((1 - other) / (1 - share)))
  })
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
}

const usd = (dollars: number): string => `$${dollars.toFixed(0)}`
