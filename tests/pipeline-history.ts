import { expect } from 'vitest'
import type { Codec } from '#lib/codec/codec.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import { checkHistory, type Violation } from '#lib/stream/testing/history.ts'
import type { Pipeline } from './pipeline.ts'
import { type ReadRecord, readTopics } from './read-topics.ts'

type Found = ReadRecord & Readonly<{ id: string }>

/** What became of a pipeline's listings: how many are in each topic, and everything that is not as exactly once promises. */
export type PipelineHistory = Readonly<{
  listings: number
  enriched: number
  featurized: number
  scored: number
  alerts: number
  deadLetters: number
  violations: readonly Violation[]
}>

const stagesInTurn: readonly TopicName[] = ['market.events', 'listings.enriched', 'listings.features', 'listings.scored']

/**
 * Reads all of a run's topics and checks each stage's outputs against its inputs; an alert is there at most once.
 * `upTo`: the output of the last stage that ran; default: all ran.
 */
export async function readPipelineHistory(
  { codec }: Readonly<{ codec: Codec }>,
  { brokers, prefix, upTo = 'listings.scored' }: Readonly<{ brokers: readonly string[]; prefix: string; upTo?: TopicName }>,
): Promise<PipelineHistory> {
  const names: readonly TopicName[] = [...stagesInTurn, 'alerts', 'dead-letters']
  const records = await readTopics(
    brokers,
    names.map((name) => topicName(prefix, name)),
  )
  const recordsOf = (name: TopicName) => records.filter(({ topic }) => topic === topicName(prefix, name))
  const identified = async (name: TopicName, idOf: (bytes: Buffer) => Promise<string | null>): Promise<Found[]> => {
    const found: Found[] = []
    for (const record of recordsOf(name)) {
      const id = await idOf(record.value)
      if (id !== null) found.push({ ...record, id })
    }
    return found
  }
  const listings = await identified('market.events', async (bytes) => {
    const { eventId, origin, payload } = await codec.decode('MarketEvent', bytes)
    return origin === 'live' && 'flipstream.Listing' in payload ? eventId : null
  })
  const enriched = await identified('listings.enriched', async (bytes) => (await codec.decode('EnrichedListing', bytes)).eventId)
  const featurized = await identified(
    'listings.features',
    async (bytes) => (await codec.decode('FeaturizedListing', bytes)).listing.eventId,
  )
  const scored = await identified('listings.scored', async (bytes) => (await codec.decode('ScoredListing', bytes)).listing.eventId)
  const alerts = await identified('alerts', async (bytes) => (await codec.decode('Alert', bytes)).alertId)
  const stages = [
    [listings, enriched],
    [enriched, featurized],
    [featurized, scored],
  ].slice(0, stagesInTurn.indexOf(upTo)) as [Found[], Found[]][]
  const alertIds = alerts.map(({ id }) => id)
  const alertedTwice = [...new Set(alertIds.filter((id, index) => alertIds.indexOf(id) !== index))]
  return {
    listings: listings.length,
    enriched: enriched.length,
    featurized: featurized.length,
    scored: scored.length,
    alerts: alerts.length,
    deadLetters: recordsOf('dead-letters').length,
    violations: [
      ...stages.flatMap(([before, after]) => checkStage(before, after)),
      ...alertedTwice.map((id): Violation => ({ kind: 'twice', detail: `alert ${id}` })),
    ],
  }
}

/** After a system test: whatever it did to the apps, every listing is in each stage once, in order, and no alert is there twice. */
export async function expectEachOnce({ backend, prefix }: Pipeline, brokers: readonly string[], upTo?: TopicName): Promise<void> {
  const { violations } = await readPipelineHistory(backend, { brokers, prefix, ...(upTo && { upTo }) })
  expect(violations).toEqual([])
}

const nowhere = { partition: -1, offset: -1 }

function checkStage(inputs: readonly Found[], outputs: readonly Found[]): Violation[] {
  const places = new Map(inputs.map(({ id, partition, offset }) => [id, { partition, offset }]))
  return checkHistory({ inputs, outputs: outputs.map((record) => ({ ...record, input: places.get(record.id) ?? nowhere })) })
}
