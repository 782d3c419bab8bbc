import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { expect, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import { createTransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import { readTopics } from '../../../tests/read-topics.ts'
import { runPrefix } from '../../../tests/run-prefix.ts'
import { checkHistory } from './history.ts'
import type { KillWorkerMessage, KillWorkerOptions } from './kill-worker.ts'
import { createWindowProcessor, type WindowEvent } from './window-processor.ts'

/**
 * Two stages as processes to be killed, and what must come out: input → relay → window (stateful) → output. For a read-committed reader
 * nothing may be missing, nothing twice, and each partition must hold exactly what an undisturbed fold gives, in its order.
 */

const workerProgram = fileURLToPath(new URL('kill-worker.ts', import.meta.url))
const logger = pino({ level: 'silent' })
const partitions = 4
const keys = 100
/** As low as the tests' broker allows: a killed worker's partitions wait for this long. */
const sessionTimeoutMillis = 2_000
const processor = createWindowProcessor('out')

/** Small, seeded, good enough for a schedule (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const eventOf = (index: number): WindowEvent => {
  const event = { id: String(index), key: `axie:${index % keys}`, time: index * 3 - (index % 7) * 50 }
  return index % 50 === 49 ? { ...event, type: 'unit', unit: `u${index}` } : { ...event, type: 'add', amount: (index % 13) + 1 }
}

export type Topology = Readonly<{
  log: Log
  prefix: string
  topics: { input: string; middle: string; output: string }
  brokers: readonly string[]
}>

export async function createTopology(brokers: readonly string[]): Promise<Topology> {
  const prefix = runPrefix('kill')
  const log = createKafkajsLog({ brokers, clientId: `${prefix}test`, logger })
  const topics = { input: `${prefix}in`, middle: `${prefix}middle`, output: `${prefix}out` }
  const admin = log.admin()
  await admin.createTopics([
    ...Object.values(topics).map((topic) => ({ topic, partitions })),
    { topic: `${prefix}dead-letters`, partitions: 1 },
    { topic: `${prefix}feed.state`, partitions: 1, config: { 'cleanup.policy': 'compact' } },
  ])
  await admin.close()
  return { log, prefix, topics, brokers }
}

/** Writes events 0 … count-1 at a steady rate, each once, through whatever happens to the broker. */
export async function feed({ log, prefix, topics }: Topology, count: number, perSecond: number): Promise<void> {
  const state = { topic: `${prefix}feed.state`, key: 'feed' }
  const writer = createTransactionalWriter({ log, clock: systemClock, logger, transactionalId: `${prefix}feed`, state })
  let next: number | null = null
  const started = systemClock.monotonic()
  while (next === null || next < count) {
    try {
      next ??= Number((await writer.open()) ?? 0)
      const due = Math.min(count, Math.floor(((systemClock.monotonic() - started) / 1_000) * perSecond), next + 500)
      if (due > next) {
        const events = Array.from({ length: due - next }, (_, index) => eventOf(next! + index))
        const records = events.map((event) => ({ topic: topics.input, key: event.key, value: Buffer.from(JSON.stringify(event)) }))
        await writer.write(records, Buffer.from(String(due)))
        next = due
      }
      await systemClock.sleep(20)
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      next = null
      await systemClock.sleep(200)
    }
  }
  await writer.close()
}

/** What the output must be, by partition. Keys stay in their partition from stage to stage, so each is one fold. */
export function expectedOutput(count: number): string[][] {
  const folds = Array.from({ length: partitions }, () => createFold(processor, { offset: 0, clock: null, carry: undefined }))
  const outputs: string[][] = folds.map(() => [])
  for (let index = 0; index < count; index++) {
    const event = eventOf(index)
    const partition = partitionOfKey(event.key, partitions)
    const record = { topic: 'in', partition, offset: index, timestamp: 0, key: event.key, headers: {} }
    const [result] = folds[partition]!.apply([{ value: event, record }])
    if (result!.type === 'emit') outputs[partition]!.push(...result!.outputs.map(({ value }) => JSON.stringify(value)))
  }
  return outputs
}

/** Follows the output until it holds as many records as expected, and then a little longer, for those too many. */
export async function watchOutput(
  { log, topics }: Topology,
  count: number,
  patienceMillis = 180_000,
): Promise<{ complete: Promise<string[][]>; size(): number }> {
  const seen: string[][] = Array.from({ length: partitions }, () => [])
  let size = 0
  const follower = await log.follow([topics.output], (records: readonly LogRecord[]) => {
    for (const { partition, value } of records) seen[partition]!.push(String(value))
    size += records.length
  })
  const complete = (async () => {
    await vi.waitUntil(() => size >= count, { timeout: patienceMillis, interval: 100 })
    await systemClock.sleep(3_000)
    await follower.stop()
    return seen
  })()
  complete.catch(() => {})
  return { complete, size: () => size }
}

type Worker = { process: ChildProcess; readonly messages: KillWorkerMessage[] }

const running = new Set<ChildProcess>()

export function startWorker(options: KillWorkerOptions): Worker {
  const child = spawn(process.execPath, [workerProgram, JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const worker: Worker = { process: child, messages: [] }
  child.on('message', (message: KillWorkerMessage) => worker.messages.push(message))
  return worker
}

export const optionsOf = ({ brokers, prefix, topics }: Topology, stage: 'relay' | 'window', index: number): KillWorkerOptions => ({
  brokers,
  prefix,
  stage,
  name: `${stage}-${index}`,
  input: stage === 'relay' ? topics.input : topics.middle,
  output: stage === 'relay' ? topics.middle : topics.output,
  sessionTimeoutMillis,
})

/** Keeps one worker alive: SIGKILL 2 to 8 s after it joined its group, and a successor at once. Returns how often it was killed. */
export async function killAgainAndAgain(options: KillWorkerOptions, seed: number, until: AbortSignal): Promise<number> {
  const random = seededRandom(seed)
  let kills = 0
  for (let worker = startWorker(options); ; worker = startWorker(options)) {
    const { messages } = worker
    await vi.waitUntil(() => until.aborted || messages.includes('started'), { timeout: 180_000, interval: 50 })
    await systemClock.sleep(2_000 + random() * 6_000, until).catch(() => {})
    if (until.aborted) return kills
    worker.process.kill('SIGKILL')
    kills++
  }
}

export const killWorkers = (): void => {
  for (const child of running) child.kill('SIGKILL')
}

/** The history of both stages: each record of a topic against the one of the same event in the topic before. */
export async function expectCleanHistory({ brokers, topics }: Topology): Promise<void> {
  const records = await readTopics(brokers, Object.values(topics))
  const eventsOf = (topic: string) =>
    records
      .filter((record) => record.topic === topic)
      .map((record) => ({ ...record, event: JSON.parse(String(record.value)) as WindowEvent }))
  const [input, middle, output] = [topics.input, topics.middle, topics.output].map(eventsOf) as [
    ReturnType<typeof eventsOf>,
    ReturnType<typeof eventsOf>,
    ReturnType<typeof eventsOf>,
  ]
  for (const [before, after] of [
    [input, middle],
    // A unit is remembered, and nothing comes of it.
    [middle.filter(({ event }) => event.type === 'add'), output],
  ] as const) {
    const places = new Map(before.map(({ event, partition, offset }) => [event.id, { partition, offset }]))
    const outputs = after.map((record) => ({ ...record, input: places.get(record.event.id) ?? { partition: -1, offset: -1 } }))
    expect(checkHistory({ inputs: before, outputs })).toEqual([])
  }
}
