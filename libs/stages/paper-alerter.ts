import type { RuleSet } from '#lib/rules/rule-set.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'
import type { Alert, RejectedCandidate, ScoredListing } from '#schemas/types.ts'
import { type AlerterState, createAlerterProcessor, isAlert } from './alerter.ts'

type Decision = Alert | RejectedCandidate
type Alerter = Processor<ScoredListing, Decision, AlerterState>
export type PaperState = Readonly<{ published: AlerterState; onPaper: AlerterState }>

/**
 * The alerter, and beside it another that judges by one rule set for ever, whatever is in force: its alerts go to `alerts.paper`, where
 * only paper accounts buy. Neither knows of the other.
 */
export function withPaperAlerts(alerter: Alerter, always: RuleSet): Processor<ScoredListing, Decision, PaperState> {
  const { memory } = alerter
  const onPaper = createAlerterProcessor({ ruleSet: () => always })
  return {
    initial: (carry) => ({ published: alerter.initial(carry), onPaper: onPaper.initial(carry) }),
    process(batch, state) {
      const paper = onPaper.process(batch, state.onPaper)
      return alerter.process(batch, state.published).map((result, index) => withAlerts(result, paperAlertsOf(paper[index], batch[index])))
    },
    ...(memory === undefined ? {} : { memory: { horizonMillis: memory.horizonMillis, clockOf: memory.clockOf } }),
  }
}

type Output = NonNullable<Extract<Result<Decision>, { type: 'skip' }>['outputs']>[number]

const paperAlertsOf = (result: Result<Decision> | undefined, input: Input<ScoredListing> | undefined): readonly Output[] =>
  input === undefined || result?.type !== 'emit'
    ? []
    : result.outputs.filter(({ value }) => isAlert(value)).map((output) => ({ ...output, topic: 'alerts.paper' }))

function withAlerts(result: Result<Decision>, alerts: readonly Output[]): Result<Decision> {
  if (alerts.length === 0 || result.type === 'reject') return result
  return { ...result, outputs: [...(result.outputs ?? []), ...alerts] }
}
