/**
 * Which model should price: a pure state machine over what is in market.events. `next` is the whole of it, the learner only feeds it.
 *
 * - The champion prices. One challenger is compared with it, and the champion before it stays compared after a promotion.
 * - A challenger that is shown better is promoted. One that is newer and shown no worse is promoted, too, as it knows the market of today;
 *   what that may lose adds up, and an allowance bounds the sum until a model is shown better: a little worse each night is no way down.
 *   Shown better is a challenger before its promotion, or the champion beside the one before it.
 * - No challenger is promoted that forecasts worse than the rule that needs no model, on the same sales.
 * - The champion before that is shown better than the one in force is put back, and the one in force is barred for ever.
 * - A challenger has a tenure. A newer one waits for an open verdict, or takes the place of one that is losing.
 * - People may hold all decisions: what would be decided is said once, for them. Money that was lost may veto promotions.
 */
import type { ChallengerNamed, DecisionEvidence, ExpectedChampion, ModelsCompared, PairedLosses } from '#schemas/types.ts'
import { type Comparison, noComparison, withBlock } from './comparison.ts'
import type { LearningSettings } from './settings.ts'
import { nameOf, ruleId, type Verdict, verdictOf } from './verdict.ts'

export type Challenger = Pick<ChallengerNamed, 'modelId' | 'featureSetHash' | 'trainedUntil'>

type Compared = Challenger & Readonly<{ since: number; comparison: Comparison }>

/** As JSON, carried beside the committed offset: it holds the few running sums that outlive every horizon. */
export type JudgeState = Readonly<{
  champion: (ExpectedChampion & Pick<Challenger, 'featureSetHash' | 'trainedUntil'>) | null
  challenger: Compared | null
  /** Named while another is compared. */
  waiting: Challenger | null
  /** The champion before; null where there was none, or it is barred. */
  previous: Compared | null
  /** How the rule that needs no model stands beside the champion. */
  rule: Comparison
  /** The block that comes next. */
  block: number
  /** What promotions without being shown better may have lost, as a share. */
  spent: number
  isHeld: boolean
  /** What was held last, and said: kind and model. */
  toldHeld: string | null
  /** Rules whose money vetoes promotions. */
  vetoes: readonly string[]
}>

export const initialJudgeState: JudgeState = {
  champion: null,
  challenger: null,
  waiting: null,
  previous: null,
  rule: noComparison,
  block: 0,
  spent: 0,
  isHeld: false,
  toldHeld: null,
  vetoes: [],
}

export type Decision = Readonly<{
  kind: 'promote' | 'roll back'
  modelId: string
  featureSetHash: string
  expected: ExpectedChampion
  reason: string
  evidence: DecisionEvidence
  /** The model that no path leads back to; null of a promotion. */
  bars: string | null
}>

export type Judgement = Readonly<{
  state: JudgeState
  decision: Decision | null
  /** What would be decided, did people not hold decisions; null where it was said before. */
  held: Decision | null
  verdicts: readonly Verdict[]
}>

/** Takes a block in. One that was judged already, or that is of another champion, changes nothing. */
export function next(state: JudgeState, block: ModelsCompared, settings: LearningSettings): Judgement {
  const { champion } = state
  if (champion === null || !isSame(champion, block.champion) || block.block !== state.block)
    return { state, decision: null, held: null, verdicts: [] }
  const losses = new Map(block.others.map((one) => [one.modelId, one]))
  const compared: JudgeState = {
    ...state,
    block: state.block + 1,
    rule: taken(state.rule, losses.get(ruleId)),
    challenger: withLosses(state.challenger, losses),
    previous: withLosses(state.previous, losses),
  }
  const verdicts = verdictsOf(compared, settings)
  const wanted = decide(compared, block, settings)
  const [decision, held] = compared.isHeld ? [null, wanted] : [wanted, null]
  const named = held === null ? compared.toldHeld : `${held.kind} ${held.modelId}`
  const isProven = verdicts.some(({ modelId, standing }) => modelId === compared.previous?.modelId && standing === 'worse')
  const judged = { ...compared, toldHeld: named, spent: isProven ? 0 : compared.spent }
  return {
    ...{ state: withoutLost(judged, block.to, settings), decision, verdicts },
    held: named === compared.toldHeld ? null : held,
  }
}

const isSame = (one: ExpectedChampion, other: ExpectedChampion): boolean => one.modelId === other.modelId && one.since === other.since

const taken = (comparison: Comparison, losses: PairedLosses | undefined): Comparison =>
  losses === undefined ? comparison : withBlock(comparison, losses)

const withLosses = (model: Compared | null, losses: ReadonlyMap<string, PairedLosses>): Compared | null =>
  model === null ? null : { ...model, comparison: taken(model.comparison, losses.get(model.modelId)) }

/** The verdicts on the challenger and on the champion before, where they were compared. */
export function verdictsOf({ champion, challenger, previous, rule }: JudgeState, settings: LearningSettings): Verdict[] {
  if (champion === null) return []
  const against = champion.modelId
  const models = [
    ...(challenger === null ? [] : [{ modelId: challenger.modelId, name: 'challenger', comparison: challenger.comparison }]),
    ...(previous === null ? [] : [{ modelId: previous.modelId, name: 'previous champion', comparison: previous.comparison }]),
    { modelId: ruleId, name: nameOf(ruleId), comparison: rule },
  ]
  return models
    .filter(({ comparison }) => comparison.sales > 0)
    .map(({ comparison, ...model }) => verdictOf({ ...model, against }, comparison, settings))
}

function decide(state: JudgeState, { block }: ModelsCompared, settings: LearningSettings): Decision | null {
  const { champion, challenger, previous } = state
  if (champion === null) return null
  const verdicts = new Map(verdictsOf(state, settings).map((verdict) => [verdict.modelId, verdict]))
  const expected = { modelId: champion.modelId, since: champion.since }
  const decisionOf = (kind: Decision['kind'], model: Challenger, verdict: Verdict): Decision => ({
    kind,
    modelId: model.modelId,
    featureSetHash: model.featureSetHash,
    expected,
    reason: verdict.sentence,
    evidence: evidenceOf(verdict, block),
    bars: kind === 'roll back' ? champion.modelId : null,
  })
  const back = previous === null ? undefined : verdicts.get(previous.modelId)
  if (previous !== null && back?.standing === 'better') return decisionOf('roll back', previous, back)
  const verdict = challenger === null ? undefined : verdicts.get(challenger.modelId)
  if (challenger === null || verdict === undefined || state.vetoes.length > 0) return null
  const floor = verdicts.get(ruleId)
  const isAboveFloor = floor === undefined || verdict.better > floor.better
  return isAboveFloor && mayPrice(state, challenger, verdict, settings) ? decisionOf('promote', challenger, verdict) : null
}

function mayPrice({ champion, spent }: JudgeState, challenger: Compared, verdict: Verdict, { allowance }: LearningSettings): boolean {
  if (verdict.standing === 'better') return true
  const isNewer = challenger.trainedUntil > (champion?.trainedUntil ?? 0)
  return verdict.standing === 'no worse' && isNewer && spent + costOf(verdict) <= allowance
}

/** What a promotion may lose, as a share of the champion's loss. */
const costOf = ({ lower }: Pick<DecisionEvidence, 'lower'>): number => Math.max(0, -lower)

const evidenceOf = ({ sales, better, lower, upper, sentence }: Verdict, block: number): DecisionEvidence => ({
  block,
  sales,
  better,
  lower,
  upper,
  sentence,
})

/** A challenger that is shown worse, or had its time, makes room for the one that waits. */
function withoutLost(state: JudgeState, clock: number, settings: LearningSettings): JudgeState {
  const { challenger } = state
  if (challenger === null) return state
  const { standing } = verdictOf({ modelId: challenger.modelId, against: '', name: '' }, challenger.comparison, settings)
  const isOver = standing === 'worse' || clock - challenger.since > settings.tenureMillis
  return isOver ? withNextChallenger(state, clock) : state
}

const withNextChallenger = (state: JudgeState, clock: number): JudgeState => ({
  ...state,
  challenger: state.waiting === null ? null : begun(state.waiting, clock),
  waiting: null,
})

const begun = ({ modelId, featureSetHash, trainedUntil }: Challenger, since: number): Compared => ({
  modelId,
  featureSetHash,
  trainedUntil,
  since,
  comparison: noComparison,
})

/** A model is named: it is compared at once, takes the place of one that is losing, or waits for an open verdict. */
export function nameChallenger(state: JudgeState, named: Challenger, clock: number): JudgeState {
  const { champion, challenger } = state
  if (champion === null || isCompared(state, named.modelId)) return state
  const isLosing = challenger !== null && challenger.comparison.difference < 0
  return challenger === null || isLosing ? { ...state, challenger: begun(named, clock) } : { ...state, waiting: named }
}

const isCompared = ({ champion, challenger, previous }: JudgeState, modelId: string): boolean =>
  [champion, challenger, previous].some((model) => model?.modelId === modelId)

export type ComingIntoForce = Challenger & Readonly<{ since: number; evidence: DecisionEvidence | null; isRollback: boolean }>

/** A model came into force: by a decision of ours with its evidence, or by people's. All comparisons begin anew. */
export function putInForce(
  state: JudgeState,
  { modelId, featureSetHash, trainedUntil, since, evidence, isRollback }: ComingIntoForce,
): JudgeState {
  const { champion, challenger, previous, waiting } = state
  // What was promoted is no challenger any more; another goes on, from the beginning: it meets another champion.
  const nextChallenger = challenger?.modelId === modelId ? waiting : challenger
  const isOther = champion !== null && champion.modelId !== modelId
  return {
    ...state,
    champion: { modelId, since, featureSetHash, trainedUntil },
    challenger: nextChallenger === null ? null : begun(nextChallenger, since),
    waiting: challenger?.modelId === modelId || waiting?.modelId === modelId ? null : waiting,
    // Nobody goes back to what a rollback has just left.
    previous: isRollback ? null : isOther ? begun(champion, since) : previous === null ? null : begun(previous, since),
    rule: noComparison,
    block: 0,
    spent: spentAfter(state, evidence, isRollback),
    toldHeld: null,
  }
}

function spentAfter({ spent }: JudgeState, evidence: DecisionEvidence | null, isRollback: boolean): number {
  // People take it upon themselves; and who was shown better owes nothing.
  if (evidence === null || isRollback || evidence.lower > 0) return 0
  return spent + costOf(evidence)
}

/** No path leads to it any more: it is compared no longer. */
export function bar(state: JudgeState, modelId: string, clock: number): JudgeState {
  const kept: JudgeState = {
    ...state,
    previous: state.previous?.modelId === modelId ? null : state.previous,
    waiting: state.waiting?.modelId === modelId ? null : state.waiting,
  }
  return kept.challenger?.modelId === modelId ? withNextChallenger(kept, clock) : kept
}

/** People hold decisions, or let the learner decide again. */
export const hold = (state: JudgeState, isHeld: boolean): JudgeState => ({ ...state, isHeld, toldHeld: null })

/** There are few rules, and what is carried must stay small. */
const maxVetoes = 10

export function withVeto(state: JudgeState, { rule, vetoes }: Readonly<{ rule: string; vetoes: boolean }>): JudgeState {
  const others = state.vetoes.filter((one) => one !== rule)
  return { ...state, vetoes: vetoes ? [...others, rule].slice(-maxVetoes) : others }
}
