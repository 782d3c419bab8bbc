import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { CommittedOffset, Consumer, FetchedBatch, LogAdmin, NewRecord } from '#lib/stream/log.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum } from '#lib/stream/testing/window-processor.ts'
import { createPartitionTask } from './partition-task.ts'
import { noRunnerMetrics } from './runner-metrics.ts'

const partition = { topic: 'in', partition: 0 }

/** A task on a partition that nobody has begun, with a commit that does as the test says. */
function setUp() {
  const commit = vi.fn(async (_records: readonly NewRecord[], _committed: CommittedOffset, _batch: FetchedBatch) => {})
  const refuseSilentReplay = vi.fn(async () => {})
  const task = createPartitionTask<WindowEvent, WindowSum, unknown>({
    name: 'window',
    partition,
    group: 'group',
    input: { decode: (bytes) => JSON.parse(String(bytes)) },
    encode: ({ value }) => Buffer.from(JSON.stringify(value)),
    deadLetters: 'dead-letters',
    maxRecordBytes: 1_000,
    maxRecordsPerTransaction: 10,
    processor: createWindowProcessor('out') as never,
    prepare: undefined,
    committer: { takeOver: async () => null, commit, close: async () => {} },
    refuseSilentReplay,
    takeWarm: () => null,
    consumer: {} as Consumer,
    admin: { madeAnew: async () => false } as Partial<LogAdmin> as LogAdmin,
    clock: createManualClock(0),
    logger: pino({ level: 'silent' }),
    metrics: noRunnerMetrics,
    isStopping: () => false,
  })
  const value = Buffer.from(JSON.stringify({ type: 'add', id: '0', key: 'k', time: 0, amount: 1 }))
  const batch: FetchedBatch = {
    ...partition,
    records: [{ ...partition, offset: 0, timestamp: 0, key: 'k', value, headers: {} }],
    position: 0,
    missing: null,
    nextOffset: 1,
    remaining: 0,
    epoch: 1,
    isCurrent: () => true,
    heartbeat: async () => {},
  }
  return { task, batch, commit, refuseSilentReplay }
}

describe('the first commit of a group', () => {
  it('waits for the answer whether the group was here before, however often that has to be asked', async () => {
    const { task, batch, commit, refuseSilentReplay } = setUp()
    refuseSilentReplay.mockRejectedValueOnce(new RetryableError('the brokers are away'))
    refuseSilentReplay.mockRejectedValueOnce(new FatalError('its offsets expired'))
    await expect(task.handle(batch)).rejects.toThrow('the brokers are away')
    await expect(task.handle(batch)).rejects.toThrow('its offsets expired')
    expect(commit).not.toHaveBeenCalled()
  })

  it('asks again where it came to nobody knows what, and no more once there is a position', async () => {
    const { task, batch, commit, refuseSilentReplay } = setUp()
    commit.mockRejectedValueOnce(new RetryableError('no answer'))
    await expect(task.handle(batch)).rejects.toThrow('no answer')
    await task.handle(batch)
    await task.handle({ ...batch, position: 1, nextOffset: 2, records: batch.records.map((record) => ({ ...record, offset: 1 })) })
    expect(refuseSilentReplay).toHaveBeenCalledTimes(2)
    expect(commit.mock.calls.map(([, committed]) => committed.offset)).toEqual([1, 1, 2])
  })
})
