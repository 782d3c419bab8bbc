import { spentWords } from '#lib/marketplace/spent-book.ts'
import type { BrokerState, StageLag } from './pipeline-watch.ts'
import type { Status } from './status.ts'

/** How the pipeline stands, in one word: only `live` means that what is shown is of this moment. */
export type Condition = Readonly<{
  state: 'away' | 'starting' | 'training' | 'behind' | 'quiet' | 'live'
  /** A sentence that says why, for people; empty where all is well. */
  detail: string
}>

export type ConditionFacts = Readonly<{
  broker: BrokerState
  caughtUp: boolean
  /** By the market's clock; null before the first event. */
  marketTime: number | null
  /** A model was promoted. */
  hasModel: boolean
  stages: readonly StageLag[]
  /** Since an event of the market was last read, by our clock. */
  quietMillis: number
  spent: Status['spent']
}>

/** Those between a listing and its alert: what else is behind delays nobody. */
const deciding = ['enricher', 'featurizer', 'scorer', 'alerter']
const behindSeconds = 10
const quietAfterMillis = 120_000

export function conditionOf({ broker, caughtUp, marketTime, hasModel, stages, quietMillis, spent }: ConditionFacts): Condition {
  if (!broker.answers) return { state: 'away', detail: 'Kafka does not answer; what is shown is as it was then.' }
  if (!caughtUp) return { state: 'starting', detail: 'Reading what happened so far; prices may still change.' }
  if (marketTime === null) return { state: 'starting', detail: 'No event of the market yet.' }
  if (!hasModel)
    return { state: 'training', detail: 'No model is in force yet: the first one is being trained. Nothing is priced until then.' }
  const asked = stages.filter(({ app }) => deciding.includes(app))
  const missing = asked.find(({ started }) => !started)
  if (missing !== undefined) return { state: 'starting', detail: `The ${missing.app} has not committed anything yet.` }
  const slowest = asked.reduce<StageLag | null>((most, stage) => (stage.seconds > (most?.seconds ?? 0) ? stage : most), null)
  if (slowest !== null && slowest.seconds > behindSeconds) return { state: 'behind', detail: behindText(slowest) }
  const heldBack = spent.find(({ share }) => share === null || share === 'collector')
  if (heldBack !== undefined) return { state: 'quiet', detail: `Nothing new is read: ${spentWords(heldBack)}.` }
  if (quietMillis > quietAfterMillis)
    return {
      state: 'quiet',
      detail: `No event of the market for ${Math.floor(quietMillis / 60_000)} min: it rests, or the collector stands.`,
    }
  return { state: 'live', detail: '' }
}

const behindText = ({ app, seconds, records, atLeast }: StageLag): string =>
  `The ${app} is ${atLeast ? 'at least ' : ''}${Math.round(seconds)} s behind (${records.toLocaleString('en-US')} records wait): alerts come late.`
