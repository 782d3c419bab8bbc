import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Input } from '#lib/stream/processor.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum } from '#lib/stream/testing/window-processor.ts'
import { type Checkpoint, createFold, type Fold } from './fold.ts'
import { formatMetadata, parseMetadata } from './offset-metadata.ts'
import { noRunnerMetrics } from './runner-metrics.ts'
import { createStandby } from './standby.ts'
import { fits } from './standby-state.ts'

const processor = createWindowProcessor('out')
const partition = { topic: 'in', partition: 0 }
const group = 'group'
const beginning: Checkpoint = { offset: 0, clock: null, carry: undefined }
const until = (condition: () => void) => vi.waitFor(condition, { timeout: 5_000, interval: 1 })

type WindowFold = Fold<WindowEvent, WindowSum>
type Step = Readonly<{ step: number; late: number; amount: number; type: 'add' | 'unit'; aborted: boolean }>

const events: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    step: fc.integer({ min: 0, max: 500 }),
    late: fc.integer({ min: 0, max: 1_500 }),
    amount: fc.integer({ min: 1, max: 9 }),
    type: fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'unit' as const),
    aborted: fc.boolean(),
  }),
  { minLength: 2, maxLength: 40 },
)

const inputOf = ({ value, ...record }: LogRecord): Input<WindowEvent> => ({ value: JSON.parse(String(value)), record })

/** A log with one partition, a group that works on it, and a standby beside. */
async function open({
  onProblem = () => {},
  ready = Promise.resolve(),
}: {
  onProblem?(problem: Error | null): void
  /** What its events name is there. */
  ready?: Promise<void>
} = {}) {
  const log = createMemoryLog({ clock: systemClock })
  const admin = log.admin()
  await admin.createTopics([{ topic: 'in', partitions: 1 }])
  const producer = log.transactionalProducer('group-in-0')
  await producer.fence()
  const prepared: number[] = []
  let behind = 0
  const standby = () =>
    createStandby<WindowEvent, WindowSum, unknown>({
      name: 'window',
      log,
      admin,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
      group,
      input: { topic: 'in', decode: (bytes) => JSON.parse(String(bytes)) },
      processor: processor as never,
      prepare(inputs) {
        prepared.push(...inputs.map(({ record }) => record.offset))
        return ready
      },
      metrics: {
        ...noRunnerMetrics,
        standby(_, { records }) {
          behind = records
        },
      },
      pollMillis: 1,
      onProblem,
      onWarmth() {},
    })
  return {
    log,
    standby,
    prepared,
    behind: () => behind,
    async write(steps: readonly Step[]): Promise<Input<WindowEvent>[]> {
      let clock = 0
      for (const [index, { step, late, amount, type, aborted }] of steps.entries()) {
        clock += step
        const event = { type, id: `${index}`, key: 'k', time: clock - late, amount, unit: `u${amount}` }
        const records = [{ topic: 'in', key: 'k', value: Buffer.from(JSON.stringify(event)) }]
        const abort = () => Promise.reject(new RetryableError('aborted'))
        if (aborted) await producer.commitTransaction({ records, beforeCommit: abort }).catch(() => {})
        await producer.commitTransaction({ records })
      }
      const inputs: Input<WindowEvent>[] = []
      const follower = await log.follow(['in'], (records) => void inputs.push(...records.map(inputOf)))
      await follower.caughtUp
      await follower.stop()
      return inputs
    },
    /** As a member does that has folded so far. */
    async commit(offset: number, fold: WindowFold) {
      const committed = { offset, metadata: formatMetadata(fold.restorePoint()) }
      await producer.commitTransaction({ records: [], position: { group, partition, committed } })
      return committed
    },
  }
}

const steady = (count: number): Step[] =>
  Array.from({ length: count }, () => ({ step: 10, late: 0, amount: 1, type: 'add', aborted: false }))
const nextOf = (inputs: readonly Input<WindowEvent>[]) => inputs.at(-1)!.record.offset + 1

describe('a standby', () => {
  it('has the state that was never disturbed, and that a restore comes to, whenever it is asked to take over', async () => {
    const found = { ready: 0, underWay: 0 }
    await fc.assert(
      fc.asyncProperty(
        events,
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 3, 10)), { minLength: 1, maxLength: 6 }),
        async (steps, plan) => {
          const world = await open()
          const inputs = await world.write(steps)
          const undisturbed = createFold(processor, beginning)
          const standby = world.standby()
          let done = 0
          let committed = { offset: 0, metadata: '' }
          for (const [share, turns] of plan) {
            const part = inputs.slice(done, done + 1 + (share % inputs.length))
            if (part.length === 0) break
            undisturbed.apply(part)
            done += part.length
            committed = await world.commit(nextOf(part), undisturbed)
            for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve))
          }
          const warm = standby.release().get(0)
          await standby.finished
          if (warm === undefined || !fits(warm, committed, 0)) return
          found[warm.position === committed.offset ? 'ready' : 'underWay']++

          const checkpoint = parseMetadata(committed.metadata)!
          const restored = createFold(processor, checkpoint)
          const between = (from: number) => inputs.filter(({ record }) => record.offset >= from && record.offset < committed.offset)
          warm.fold.apply(between(warm.position))
          restored.apply(between(checkpoint.offset))
          const rest = inputs.slice(done)
          const expected = undisturbed.apply(rest)
          expect(warm.fold.apply(rest)).toEqual(expected)
          expect(restored.apply(rest)).toEqual(expected)
          expect(warm.fold.restorePoint()).toEqual(undisturbed.restorePoint())
        },
      ),
      { numRuns: 200 },
    )
    expect(found.ready, 'the property must be about states that were ready').toBeGreaterThan(30)
    expect(found.underWay, 'and about some that were not').toBeGreaterThan(5)
  }, 60_000)

  it('follows the group to what it commits, and not a record further', async () => {
    const world = await open()
    const inputs = await world.write(steady(30))
    const fold = createFold(processor, beginning)
    fold.apply(inputs.slice(0, 10))
    await world.commit(nextOf(inputs.slice(0, 10)), fold)
    const standby = world.standby()
    await standby.warm
    expect(world.prepared).toEqual(inputs.slice(0, 10).map(({ record }) => record.offset))
    fold.apply(inputs.slice(10, 25))
    const committed = await world.commit(nextOf(inputs.slice(0, 25)), fold)
    await until(() => expect(world.prepared).toHaveLength(25))
    expect(standby.release().get(0)?.position).toBe(committed.offset)
    await standby.finished
    expect(world.prepared).toHaveLength(25)
  })

  it('has nothing to wait for where nothing is committed, and begins with the first commit', async () => {
    const world = await open()
    const inputs = await world.write(steady(5))
    const standby = world.standby()
    await standby.warm
    expect(world.prepared).toEqual([])
    const fold = createFold(processor, beginning)
    fold.apply(inputs)
    await world.commit(nextOf(inputs), fold)
    await until(() => expect(world.prepared).toHaveLength(5))
    expect(standby.release().get(0)?.position).toBe(nextOf(inputs))
    await standby.finished
  })

  it('makes its state anew when the group’s position goes back', async () => {
    const world = await open()
    const inputs = await world.write(steady(40))
    const fold = createFold(processor, beginning)
    fold.apply(inputs)
    await world.commit(nextOf(inputs), fold)
    const standby = world.standby()
    await standby.warm
    const earlier = createFold(processor, beginning)
    earlier.apply(inputs.slice(0, 20))
    const committed = await world.commit(nextOf(inputs.slice(0, 20)), earlier)
    await until(() => expect(world.prepared.length).toBeGreaterThan(40))
    await until(() => expect(world.behind()).toBe(0))
    const warm = standby.release().get(0)!
    await standby.finished
    expect(fits(warm, committed, 0)).toBe(true)
  })

  it('waits for what its events name, and says so', async () => {
    const problems: (string | null)[] = []
    const world = await open({ onProblem: (problem) => void problems.push(problem?.message ?? null) })
    const fold = createFold(processor, beginning)
    const inputs = await world.write(steady(3))
    fold.apply(inputs)
    await world.commit(nextOf(inputs), fold)
    const away = vi.spyOn(world.prepared, 'push').mockImplementationOnce(() => {
      throw new RetryableError('the store is away')
    })
    const standby = world.standby()
    await standby.warm
    expect(problems).toEqual(['the store is away', null])
    expect(away).toHaveBeenCalledTimes(2)
    standby.release()
    await standby.finished
  })

  it('no longer waits for what only a state that it gave up has need of', async () => {
    const problems: (string | null)[] = []
    const world = await open({ onProblem: (problem) => void problems.push(problem?.message ?? null) })
    const inputs = await world.write(steady(40))
    const fold = createFold(processor, beginning)
    fold.apply(inputs.slice(0, 10))
    await world.commit(nextOf(inputs.slice(0, 10)), fold)
    vi.spyOn(world.prepared, 'push').mockImplementation((...offsets) => {
      if (offsets[0]! < inputs[10]!.record.offset) throw new RetryableError('the model is gone for good')
      return 0
    })
    const standby = world.standby()
    await until(() => expect(problems).toContain('the model is gone for good'))
    const later = createFold(processor, { ...beginning, offset: inputs[20]!.record.offset })
    later.apply(inputs.slice(20))
    const committed = await world.commit(nextOf(inputs), later)
    await standby.warm
    expect(fits(standby.release().get(0)!, committed, 0)).toBe(true)
    await standby.finished
  })

  it('hands over a state that it no longer touches, whatever it was waiting for', async () => {
    const ready = Promise.withResolvers<void>()
    const world = await open({ ready: ready.promise })
    const inputs = await world.write(steady(40))
    const fold = createFold(processor, beginning)
    fold.apply(inputs)
    await world.commit(nextOf(inputs), fold)
    const standby = world.standby()
    await until(() => expect(world.prepared).not.toEqual([]))
    const warm = standby.release().get(0)!
    const folding = vi.spyOn(warm.fold, 'apply')
    ready.resolve()
    await standby.finished
    expect(folding).not.toHaveBeenCalled()
  })
})
