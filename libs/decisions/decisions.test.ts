import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { exchangeRateEvent, modelBarredEvent } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { ModelAnnounced } from '#schemas/types.ts'
import { holdLearning } from './hold-learning.ts'
import { sendDecisions } from './promote.ts'
import { promoteModel, requireQuick } from './promote-model.ts'
import { readModels } from './read-models.ts'

const seen = { observedAt: 1_000, origin: 'live', source: 'live' } as const
const open = () => ({
  log: createMemoryLog({ clock: systemClock }),
  codec: createCodec({ registry: createMemoryRegistry() }),
  store: createMemoryStore(),
  prefix: 'run.',
})
let servers: ReturnType<typeof open>
beforeEach(async () => {
  servers = open()
  await servers.log.admin().createTopics(topicSettings('run.', { partitions: 1 }))
})
afterEach(() => servers.log.close())

describe('decisions held by people', () => {
  it('are held and released by events, each of a moment of its own, and once', async () => {
    await sendDecisions(servers, [exchangeRateEvent({ ethUsd: 3_000 }, seen)])
    const hold = (isHeld: boolean) => holdLearning(servers, { isHeld, reason: 'holidays' })
    expect(await hold(false)).toMatchObject({ isChanged: false })
    expect(await hold(true)).toEqual({ isHeld: true, isChanged: true, at: 1_000, reason: 'holidays' })
    expect(await hold(true)).toEqual({ isHeld: true, isChanged: false, at: 1_000, reason: 'holidays' })
    expect(await hold(false)).toMatchObject({ isChanged: true, at: 1_001 })
    expect(await hold(true)).toMatchObject({ isChanged: true, at: 1_002 })
    expect((await readModels(servers)).held).toEqual({ at: 1_002, reason: 'holidays' })
  })

  it('need a market', async () => {
    await expect(holdLearning(servers, { isHeld: true, reason: '' })).rejects.toMatchObject({ code: 'market_empty' })
  })
})

it('a barred model is promoted by nobody', async () => {
  await sendDecisions(servers, [modelBarredEvent({ modelId: 'bad', reason: 'shown worse' }, seen)])
  const announced: ModelAnnounced = {
    ...{ modelId: 'bad', uri: '', sha256: '', featureSetHash: 'f', trainedFrom: 0, trainedUntil: 0, metrics: {} },
    source: 'live',
  }
  await servers.codec.prepare(['ModelAnnounced'])
  const value = servers.codec.encode('ModelAnnounced', announced)
  await servers.log.producer().send([{ topic: 'run.models', key: 'bad', value }])
  await expect(promoteModel({ ...servers, featureSets: ['f'] }, 'bad', 'test')).rejects.toMatchObject({ code: 'model_barred' })
})

it('a model that could not keep up with the market is refused; one slow answer of a busy machine is none', () => {
  const clock = createManualClock(0)
  const taking = (...millis: number[]) => {
    let count = 0
    return () => clock.advanceTo(clock.monotonic() + (millis[count++ % millis.length] as number))
  }
  expect(() => requireQuick('m', taking(80), clock)).toThrow('model m: expected a forecast within 50 ms, it took 80')
  expect(() => requireQuick('m', taking(400, 90, 2), clock)).not.toThrow()
})
