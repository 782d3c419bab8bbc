import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import type { KillWorkerMessage, KillWorkerOptions } from '#lib/stream/testing/kill-worker.ts'
import { type PrivateServer, startPrivateServer } from '../../../tests/private-servers.ts'
import { runPrefix } from '../../../tests/run-prefix.ts'
import { createFold } from './fold.ts'
import { createTransactionalWriter } from './transactional-writer.ts'
import { createWindowProcessor, type WindowEvent } from './window-processor.ts'

/**
 * Real processes, a real broker, SIGKILL: input → relay → window (stateful) → output. For a read-committed reader nothing may be
 * missing, nothing twice, and each partition must hold exactly what an undisturbed fold gives, in its order.
 */

const workerProgram = fileURLToPath(new URL('../testing/kill-worker.ts', import.meta.url))
const logger = pino({ level: 'silent' })
const partitions = 4
const keys = 100
/** As low as the tests' broker allows: a killed worker's partitions wait for so long. */
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

type Topology = Readonly<{
  log: Log
  prefix: string
  topics: { input: string; middle: string; output: string }
  brokers: readonly string[]
}>

async function createTopology(brokers: readonly string[]): Promise<Topology> {
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
async function feed({ log, prefix, topics }: Topology, count: number, perSecond: number): Promise<void> {
  const state = { topic: `${prefix}feed.state`, key: 'feed' }
  const writer = createTransactionalWriter({ log, clock: systemClock, logger, transactionalId: `${prefix}feed`, state })
  let next: number | null = null
  const started = systemClock.now()
  while (next === null || next < count) {
    try {
      next ??= Number((await writer.open()) ?? 0)
      const due = Math.min(count, Math.floor(((systemClock.now() - started) / 1_000) * perSecond), next + 500)
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
function expectedOutput(count: number): string[][] {
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
async function watchOutput({ log, topics }: Topology, count: number): Promise<{ complete: Promise<string[][]>; size(): number }> {
  const seen: string[][] = Array.from({ length: partitions }, () => [])
  let size = 0
  const follower = await log.follow([topics.output], (records: readonly LogRecord[]) => {
    for (const { partition, value } of records) seen[partition]!.push(String(value))
    size += records.length
  })
  const complete = (async () => {
    await vi.waitUntil(() => size >= count, { timeout: 180_000, interval: 100 })
    await systemClock.sleep(3_000)
    await follower.stop()
    return seen
  })()
  complete.catch(() => {})
  return { complete, size: () => size }
}

type Worker = { process: ChildProcess; readonly messages: KillWorkerMessage[] }

const running = new Set<ChildProcess>()

function startWorker(options: KillWorkerOptions): Worker {
  const child = spawn(process.execPath, [workerProgram, JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const worker: Worker = { process: child, messages: [] }
  child.on('message', (message: KillWorkerMessage) => worker.messages.push(message))
  return worker
}

const optionsOf = ({ brokers, prefix, topics }: Topology, stage: 'relay' | 'window', index: number): KillWorkerOptions => ({
  brokers,
  prefix,
  stage,
  name: `${stage}-${index}`,
  input: stage === 'relay' ? topics.input : topics.middle,
  output: stage === 'relay' ? topics.middle : topics.output,
  sessionTimeoutMillis,
})

/** Keeps one worker alive: SIGKILL 2 to 8 s after it joined its group, and a successor at once. Returns how often it was killed. */
async function killAgainAndAgain(options: KillWorkerOptions, seed: number, until: AbortSignal): Promise<number> {
  const random = seededRandom(seed)
  let kills = 0
  for (let worker = startWorker(options); ; worker = startWorker(options)) {
    const { messages } = worker
    await vi.waitUntil(() => until.aborted || messages.includes('started'), { timeout: 60_000, interval: 50 })
    await systemClock.sleep(2_000 + random() * 6_000, until).catch(() => {})
    if (until.aborted) return kills
    worker.process.kill('SIGKILL')
    kills++
  }
}

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

describe('exactly once through two stages', () => {
  const count = 20_000

  it('survives every worker being killed every 2 to 8 seconds', async () => {
    const topology = await createTopology(inject('brokers'))
    const expected = expectedOutput(count)
    const output = await watchOutput(topology, expected.flat().length)
    const done = new AbortController()
    const seed = 20_261_123
    const killers = (['relay', 'window'] as const).flatMap((stage, place) =>
      [0, 1].map((index) => killAgainAndAgain(optionsOf(topology, stage, index), seed + place * 2 + index, done.signal)),
    )
    const begun = performance.now()
    await feed(topology, count, 600)
    const seen = await output.complete
    done.abort()
    const kills = (await Promise.all(killers)).reduce((sum, each) => sum + each, 0)
    const seconds = Math.round((performance.now() - begun) / 1_000)
    console.log({ seed, kills, records: count, outputs: seen.flat().length, seconds })
    expect(kills).toBeGreaterThanOrEqual(8)
    expect(seen).toEqual(expected)
    await topology.log.close()
  })
})

describe('exactly once when the broker dies', () => {
  const count = 20_000
  let broker: PrivateServer
  beforeEach(async () => {
    broker = await startPrivateServer('kafka')
  })
  afterEach(() => broker.dispose())

  it('survives the broker being killed and restarted', async () => {
    const topology = await createTopology([broker.address])
    const expected = expectedOutput(count)
    const output = await watchOutput(topology, expected.flat().length)
    const workers = (['relay', 'window'] as const).flatMap((stage) => [0, 1].map((index) => startWorker(optionsOf(topology, stage, index))))
    const begun = performance.now()
    const feeding = feed(topology, count, 600)
    let kills = 0
    const killing = (async () => {
      for (const pauseMillis of [8_000, 9_000, 6_000]) {
        await systemClock.sleep(pauseMillis)
        await broker.kill()
        await systemClock.sleep(1_500)
        await broker.start()
        kills++
      }
    })()
    await Promise.all([feeding, killing])
    const seen = await output.complete
    console.log({ kills, records: count, outputs: seen.flat().length, seconds: Math.round((performance.now() - begun) / 1_000) })
    expect(seen).toEqual(expected)
    for (const worker of workers) expect(worker.process.exitCode).toBeNull()
    await topology.log.close()
  })
})

describe('a worker that was frozen', () => {
  const count = 3_000

  it('beyond its session writes nothing more, though it had all but committed', async () => {
    const topology = await createTopology(inject('brokers'))
    const expected = expectedOutput(count)
    const output = await watchOutput(topology, expected.flat().length)
    startWorker(optionsOf(topology, 'relay', 0))
    const zombie = startWorker({ ...optionsOf(topology, 'window', 0), holdAt: '1000' })
    await vi.waitUntil(() => zombie.messages.includes('started'), { timeout: 20_000 })
    const feeding = feed(topology, count, 600)
    await vi.waitUntil(() => zombie.messages.includes('holding'), { timeout: 30_000 })
    zombie.process.kill('SIGSTOP')
    startWorker(optionsOf(topology, 'window', 1))
    await feeding
    // The successor can only complete what the zombie held by fencing it.
    await vi.waitUntil(() => output.size() >= expected.flat().length, { timeout: 60_000, interval: 100 })
    zombie.process.kill('SIGCONT')
    zombie.process.send('go on')
    await vi.waitUntil(() => zombie.messages.includes('fenced'), { timeout: 20_000 })
    expect(await output.complete).toEqual(expected)
    await topology.log.close()
  })
})
