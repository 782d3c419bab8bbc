import { describe, expect, it } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { LogAdmin } from '#lib/stream/log.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { refuseSilentReplay } from './first-start.ts'

const partition = { topic: 'in', partition: 0 }

/** A group that stands nowhere, whose output topic holds a record; each answer about its position takes as long as `answerMillis`. */
async function setUp({ answerMillis, seenAtLook }: { answerMillis: number; seenAtLook: number }) {
  let now = 0
  const sleep = async (millis: number) => {
    now += millis
  }
  const clock = { ...createManualClock(0), monotonic: () => now, sleep }
  const log = createMemoryLog({ clock })
  await log.admin().createTopics([
    { topic: 'in', partitions: 1 },
    { topic: 'out', partitions: 1 },
  ])
  await log.producer().send([{ topic: 'out', key: 'k', value: Buffer.from('v') }])
  let looks = 0
  const admin: LogAdmin = {
    ...log.admin(),
    async committed() {
      now += answerMillis
      return ++looks < seenAtLook ? null : { offset: 1, metadata: '' }
    },
  }
  return { refused: refuseSilentReplay({ log, admin, clock, group: 'group', partition, outputs: new Set(['out']) }), looks: () => looks }
}

describe('a group that stands nowhere', () => {
  it('is refused where its outputs hold what it made before', async () => {
    const { refused } = await setUp({ answerMillis: 1, seenAtLook: Number.POSITIVE_INFINITY })
    await expect(refused).rejects.toThrow(FatalError)
  })

  it('is given the time in which a first position becomes visible, however slow the answers are', async () => {
    const { refused, looks } = await setUp({ answerMillis: 11_000, seenAtLook: 3 })
    await refused
    expect(looks()).toBe(3)
  })
})
