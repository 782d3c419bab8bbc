import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import type { Log, LogRecord, NewRecord } from '#lib/stream/log.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { FaultPoint } from '#lib/stream/memory/transactions.ts'
import { createMortalLog } from '#lib/stream/testing/mortal-log.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum } from '#lib/stream/testing/window-processor.ts'
import { createFold } from './fold.ts'
import { createRunner, type Runner } from './runner.ts'

/**
 * The promise of exactly once, put to the test on the memory log: whatever fails at whatever step, however records are cut into batches
 * and transactions, whoever dies or is expelled: a read-committed reader sees what an undisturbed run would have written, once, in order.
 */

const topics = { input: 'in', output: 'out', deadLetters: 'dead-letters' }
const group = 'group'
const partitions = 2
const processor = createWindowProcessor(topics.output)

type Trouble = 'retry' | 'death' | 'expulsion' | 'rebalance'
type Feed = Readonly<{ step: number; late: number; amount: number; type: WindowEvent['type'] | 'garbage'; aborted: boolean }>

const feeds: fc.Arbitrary<Feed[]> = fc.array(
  fc.record({
    step: fc.integer({ min: 0, max: 500 }),
    late: fc.integer({ min: 0, max: 1_500 }),
    amount: fc.integer({ min: 1, max: 9 }),
    type: fc.constantFrom<Feed['type']>('add', 'add', 'add', 'add', 'unit', 'ignored', 'refused', 'garbage'),
    aborted: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
)
/** What happens the nth time a producer is about to fence, about to send, has sent, or has committed. */
const troubles = fc.array(
  fc.record({ after: fc.integer({ min: 0, max: 12 }), trouble: fc.constantFrom<Trouble>('retry', 'death', 'expulsion', 'rebalance') }),
  {
    maxLength: 8,
  },
)

const recordsOf = (feed: readonly Feed[]): NewRecord[] => {
  let clock = 0
  return feed.map(({ step, late, amount, type }, index) => {
    clock += step
    const event = { type, id: `${index}`, key: `k${index % 5}`, time: clock - late, amount, unit: `u${amount}` }
    const value = Buffer.from(type === 'garbage' ? `garbage ${index}` : JSON.stringify(event))
    return { topic: topics.input, key: event.key, value, partition: index % partitions, headers: { 'collected-at': String(index) } }
  })
}

const decode = (bytes: Buffer): WindowEvent => {
  const text = String(bytes)
  if (text.startsWith('garbage')) throw new RejectedError('undecodable', text)
  return JSON.parse(text)
}

async function readAll(log: Log, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const follower = await log.follow([topic], (more) => void records.push(...more))
  await follower.caughtUp
  await follower.stop()
  return records
}

/** What a run that nothing disturbs writes, by input partition, straight from the fold. */
function expectedOutputs(inputs: readonly LogRecord[]): { outputs: string[][]; refused: string[] } {
  const outputs: string[][] = []
  const refused: string[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const fold = createFold(processor, { offset: 0, clock: null, carry: undefined })
    const own = inputs.filter((record) => record.partition === partition)
    outputs.push(
      own.flatMap((record) => {
        const { value: bytes, ...about } = record
        if (String(bytes).startsWith('garbage')) {
          refused.push(String(bytes))
          return []
        }
        const [result] = fold.apply([{ value: JSON.parse(String(bytes)), record: about }])
        if (result!.type === 'reject') refused.push(String(bytes))
        return result!.type === 'emit' ? result!.outputs.map(({ value }) => JSON.stringify(value)) : []
      }),
    )
  }
  return { outputs, refused: refused.sort() }
}

type Campaign = Readonly<{
  feed: readonly Feed[]
  plan: readonly { after: number; trouble: Trouble }[]
  batchBytes: number
  sliceRecords: number
  /** Processes that share the work, and take over from each other. */
  members: number
  /** Whether those without partitions keep the state of the others warm. */
  standby: boolean
}>

async function runCampaign({ feed, plan, batchBytes, sliceRecords, members, standby }: Campaign) {
  const pendingTroubles = [...plan]
  let calls = 0
  const alive: { runner: Runner; kill(): void; expel(fate: 'frozen' | 'dead'): void }[] = []

  const fault = (_point: FaultPoint, transactionalId: string) => {
    if (!transactionalId.startsWith(group)) return
    const [next] = pendingTroubles
    if (next === undefined || calls++ < next.after) return
    calls = 0
    pendingTroubles.shift()
    if (next.trouble === 'rebalance') log.rebalance(group)
    // The victim need not be the one that gets the error.
    if (next.trouble === 'expulsion') alive[next.after % members]!.expel('frozen')
    if (next.trouble === 'death') replace(next.after % members)
    if (next.trouble !== 'rebalance') throw new RetryableError(`${next.trouble} at the ${_point}`)
  }
  const log = createMemoryLog({ clock: systemClock, fault, backoff: { firstMillis: 1, maxMillis: 1 } })
  await log.admin().createTopics([
    { topic: topics.input, partitions },
    { topic: topics.output, partitions: 1 },
    { topic: topics.deadLetters, partitions: 1 },
  ])

  const begin = (index: number) => {
    const mortal = createMortalLog({ ...log, consumer: (options) => log.consumer({ ...options, maxBytesPerPartition: batchBytes }) })
    const runner = createRunner<WindowEvent, WindowSum, unknown>({
      name: 'window',
      log: mortal.log,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
      group,
      input: { topic: topics.input, decode },
      processor: processor as never,
      encode: ({ value }) => Buffer.from(JSON.stringify(value)),
      deadLetters: topics.deadLetters,
      guarantee: 'exactly_once',
      maxRecordsPerTransaction: sliceRecords,
      ...(standby ? { standby: { pollMillis: 1 } } : {}),
    })
    const expel = (fate: 'frozen' | 'dead') => log.expel(group, mortal.consumers[0]!, fate)
    alive[index] = { runner, kill: mortal.kill, expel }
    void runner.start()
  }
  const replace = (index: number) => {
    alive[index]!.kill()
    alive[index]!.expel('dead')
    begin(index)
  }

  for (let index = 0; index < members; index++) begin(index)
  await feedInput(log, feed)
  const inputs = await readAll(log, topics.input)
  await vi.waitFor(
    async () => {
      for (let partition = 0; partition < partitions; partition++) {
        const last = inputs.findLast((record) => record.partition === partition)
        const committed = await log.admin().committed(group, { topic: topics.input, partition })
        expect(committed?.offset ?? 0).toBe(last === undefined ? 0 : last.offset + 1)
      }
    },
    { timeout: 5_000, interval: 1 },
  )
  pendingTroubles.length = 0
  for (const { runner } of alive) await runner.stop()
  return { inputs, outputs: await readAll(log, topics.output), deadLetters: await readAll(log, topics.deadLetters) }
}

/** Some of the input in transactions, some of those aborted: so offsets have holes. */
async function feedInput(log: Log, feed: readonly Feed[]): Promise<void> {
  const producer = log.transactionalProducer('feeder')
  await producer.fence()
  for (const [index, record] of recordsOf(feed).entries()) {
    const abort = async () => {
      throw new RetryableError('aborted')
    }
    if (feed[index]!.aborted) await producer.commitTransaction({ records: [record], beforeCommit: abort }).catch(() => {})
    await producer.commitTransaction({ records: [record] })
    if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('exactly once, whatever fails', () => {
  it('writes what an undisturbed run writes: each output once, in order, each refusal once', async () => {
    await fc.assert(
      fc.asyncProperty(
        feeds,
        troubles,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (feed, plan, batchBytes, sliceRecords, members, standby) => {
          const { inputs, outputs, deadLetters } = await runCampaign({ feed, plan, batchBytes, sliceRecords, members, standby })
          const expected = expectedOutputs(inputs)
          const bySource = (partition: number) =>
            outputs.map(({ value }) => String(value)).filter((text) => Number(JSON.parse(text).id) % partitions === partition)
          for (let partition = 0; partition < partitions; partition++) expect(bySource(partition)).toEqual(expected.outputs[partition])
          expect(outputs).toHaveLength(expected.outputs.flat().length)
          expect(deadLetters.map(({ value }) => String(value)).sort()).toEqual(expected.refused)
        },
      ),
      { numRuns: 300 },
    )
  }, 60_000)

  it.each(
    Array.from({ length: 10 }, (_, after) => after).flatMap((after) =>
      (['retry', 'death', 'expulsion', 'rebalance'] as const).map((trouble) => ({ after, trouble })),
    ),
  )('one $trouble at call $after of the producers', async ({ after, trouble }) => {
    const feed: Feed[] = Array.from({ length: 30 }, (_, index) => ({
      step: 100,
      late: 0,
      amount: index % 9,
      type: index % 7 === 3 ? 'unit' : 'add',
      aborted: false,
    }))
    const { inputs, outputs } = await runCampaign({
      feed,
      plan: [{ after, trouble }],
      batchBytes: 200,
      sliceRecords: 3,
      members: 1,
      standby: false,
    })
    expect(outputs.map(({ value }) => String(value)).sort()).toEqual(expectedOutputs(inputs).outputs.flat().sort())
  })
})
