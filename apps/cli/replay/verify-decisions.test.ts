import { beforeAll, describe, expect, it } from 'vitest'
import type { Archive } from '#lib/archive/archive.ts'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { isOfLearner } from '#lib/learning/decisions-anew.ts'
import { openLearningFold } from '#lib/learning/learning-fold.ts'
import { challengerNamedEvent, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { saveBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { smallBundle } from '#lib/stages/testing/small-bundle-sample.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { formatDecisions, isVerified, verifyDecisions } from './verify-decisions.ts'

const store = createMemoryStore()
const env = { TF_BACKEND: 'wasm' }
let codec: Codec
let log: MarketEvent[]

/** A market with a champion and its learner's answers in it, as they came: behind what they were computed from. */
async function record(): Promise<MarketEvent[]> {
  const { backend } = await startTensorRuntime('wasm')
  const bundle = await smallBundle('synthetic')
  await saveBundle(store, bundle)
  const { modelId, manifest } = bundle
  const observation = { observedAt: firstSaleAt - 1, origin: 'live', source: 'synthetic' } as const
  const promotion = modelPromotedEvent({ modelId, featureSetHash: manifest.featureSet.hash, reason: 'test' }, observation)
  const learner = openLearningFold({ store, backend, capacity: 8, codeVersion: 'test' })
  const events: MarketEvent[] = []
  let answers: MarketEvent[] = []
  for (const event of [promotion, ...withListings(someSales(700, 1))]) {
    const next = [...answers, event]
    events.push(...next)
    answers = await learner.fold(next)
  }
  return events
}

const archiveOf = (events: readonly MarketEvent[], firstOffset = 0): Pick<Archive, 'store' | 'newest' | 'records' | 'codec'> => ({
  store,
  newest: async (topic) => ({ topic, generation: 0 }),
  codec: () => codec,
  async *records() {
    for (const [index, event] of events.entries())
      yield {
        ...{ topic: 'market.events', partition: 0, offset: firstOffset + index, timestamp: 0, key: 'axie', headers: {} },
        value: codec.encode('MarketEvent', event),
      }
  },
})

const verify = (events: readonly MarketEvent[], firstOffset = 0) => verifyDecisions(archiveOf(events, firstOffset), env, () => {})

beforeAll(async () => {
  codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare(['MarketEvent'])
  log = await record()
}, 60_000)

describe('decisions of a record, computed anew', { timeout: 60_000 }, () => {
  const places = () => log.flatMap((event, index) => (isOfLearner(event) ? [index] : []))

  it('are the recorded ones to the byte', async () => {
    const verified = await verify(log)
    expect(places().length).toBeGreaterThan(2)
    expect(verified.decisions).toMatchObject({ recorded: places().length, identical: places().length, first: null })
    expect(isVerified(verified)).toBe(true)
    expect(formatDecisions(verified)).toMatch(/^ok {7}decisions: [0-9]+ recorded/)
  })

  it('find a number that was altered, and show it', async () => {
    const altered = structuredClone(log)
    const payload = payloadOf(altered[places()[1]!]!)
    if (payload.kind !== 'ModelsCompared') throw new Error('expected a block')
    Object.assign(payload.value.others[0]!, { difference: 1e-9 })
    const verified = await verify(altered)
    expect(isVerified(verified)).toBe(false)
    expect(formatDecisions(verified)).toMatch(/first difference: models-compared:.*:1 differs\n(.*\n)*.*difference +[-0-9.e]+ +[-0-9.e]+\n/)
  })

  it('find a block that is gone', async () => {
    const verified = await verify(log.filter((_, index) => index !== places()[1]))
    expect(isVerified(verified)).toBe(false)
  })

  it('find a decision that the learner never made; a duplicate of one that it made is none', async () => {
    const { eventTime: observedAt } = log.at(-1)!
    const evidence = { block: 9, sales: 900, better: 0.1, lower: 0.05, upper: 0.15, sentence: 'planted' }
    const expected = { modelId: 'm', since: 0 }
    const planted = modelPromotedEvent(
      { modelId: 'other', featureSetHash: 'f', reason: 'planted', expected, evidence },
      { observedAt, origin: 'live', source: 'synthetic' },
    )
    const verified = await verify([...log, planted])
    expect(verified.decisions?.first).toMatchObject({ eventId: planted.eventId, computed: null })
    expect(formatDecisions(verified)).toContain('was recorded, and not computed')
    expect(isVerified(await verify([...log, log[places().at(-1)!]!]))).toBe(true)
  })

  it('may be missing at the end of the record, where they were not written yet', async () => {
    const { decisions } = await verify(log.slice(0, places().at(-1)))
    expect(decisions).toMatchObject({ pending: 1, first: null })
  })

  it('are not judged where the record begins in the middle, nor where the learner recorded nothing', async () => {
    expect((await verify(log, 7)).why).toContain('does not begin')
    const named = challengerNamedEvent(
      { modelId: 'c', featureSetHash: 'f', trainedUntil: 0, reason: '' },
      { observedAt: firstSaleAt, origin: 'live', source: 'synthetic' },
    )
    expect(await verify([named])).toMatchObject({ decisions: null, why: null })
  })
})
