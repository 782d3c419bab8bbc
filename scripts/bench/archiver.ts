/**
 * How fast the archiver is as an app: a process of its own, on a real broker and a real S3 server of this machine.
 * The records lie in the topic before the archiver starts. The rate is that of values (Parquet before compression), from the first object to
 * the last full one; RSS is the highest of samples taken ten times a second. --profile keeps a CPU profile of the archiver for each run.
 */

import { mkdtempSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyArchive } from '#lib/archive/verify.ts'
import { randomId, systemClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { sampleAsk, sampleSale, sampleScored, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { appEnvironment } from '#lib/running/app-environment.ts'
import { localBucket, openBackend } from '#lib/running/backend.ts'
import { createProcesses } from '#lib/running/processes.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { versions } from '#lib/stack/versions.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import { createRandom } from '#lib/synthetic/random.ts'
import { createFeed, feedRecord } from '../../tests/market-feed.ts'
import { scriptOptions } from '../script-options.ts'
import { machineNow } from './machine.ts'
import { recordFigures } from './measurement.ts'

const help = `npm run bench:archiver [-- options]: how fast the archiver is, on a real broker and a real object store

  --runs 3                                  median and spread are told
  --megabytes 100                           of values, before compression
  --topic market.events|listings.scored     what is archived (default market.events)
  --profile DIR                             keeps a CPU profile of each run
  --json                                    the result as JSON
  --record                                  write the figures to bench/results (docs/numbers.md)`

const { values } = scriptOptions(help, {
  runs: { type: 'string', default: '3' },
  megabytes: { type: 'string', default: '100' },
  topic: { type: 'string', default: 'market.events' },
  profile: { type: 'string' },
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
})
const measuredShare = 0.8
if (values.topic !== 'market.events' && values.topic !== 'listings.scored')
  throw new Error(`--topic: expected market.events or listings.scored, found ${values.topic}`)
const [runs, megabytes] = [Number(values.runs), Number(values.megabytes)]
const say = (line: string) => process.stderr.write(`${line}\n`)
const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })

type Run = Readonly<{
  records: number
  valueMegabytes: number
  storedMegabytes: number
  seconds: number
  megabytesPerSecond: number
  megabytesPerCpuSecond: number
  rssMegabytes: number
}>

async function measure(): Promise<Run> {
  const prefix = `bench-${randomId().slice(0, 8)}.`
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}bench` })
  const admin = backend.log.admin()
  await admin.createTopics(topicSettings(prefix, { partitions: 1 }))
  const { records, bytes } = await fill(prefix, backend)
  const environment = {
    ...appEnvironment(process.env, stack, prefix),
    LOG_LEVEL: 'warn',
    ...(values.profile && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
  }
  const archiver = createProcesses({ environment, logDirectory: mkdtempSync(join(tmpdir(), 'flipstream-bench-')) })('archiver')
  await archiver.started
  const begun = { at: 0, records: 0, cpu: 0 }
  let [rss, done, cpu, at] = [0, 0, 0, 0]
  // The last object is not full and would wait: what is left is written when the archiver is stopped.
  while (done < measuredShare * records) {
    const { values: counts, rssBytes, cpuSeconds } = await archiver.metrics()
    ;[at, done, cpu, rss] = [performance.now(), counts['archived_records_total'] ?? 0, cpuSeconds, Math.max(rss, rssBytes)]
    if (begun.at === 0 && done > 0) Object.assign(begun, { at, records: done, cpu })
    await systemClock.sleep(100)
  }
  await archiver.stop()
  const verdict = await verifyArchive(backend.store, { prefix, topic: values.topic, generation: 1 })
  if (verdict.problems.length > 0) throw new Error(`the archive is not whole: ${verdict.problems.join('; ')}`)
  if (verdict.records < done)
    throw new Error(
      `${done} records written, ${verdict.records} archived: a part was read twice (the machine is overloaded): measure again`,
    )
  await discard(prefix, backend)
  const share = (done - begun.records) / records
  const seconds = (at - begun.at) / 1_000
  return {
    records,
    valueMegabytes: bytes / 1e6,
    storedMegabytes: (verdict.bytes / 1e6) * (records / verdict.records),
    seconds,
    megabytesPerSecond: ((bytes / 1e6) * share) / seconds,
    megabytesPerCpuSecond: ((bytes / 1e6) * share) / (cpu - begun.cpu),
    rssMegabytes: rss / 2 ** 20,
  }
}

type Backend = ReturnType<typeof openBackend>

/** The same records again and again until there is enough. */
async function fill(prefix: string, { log, codec }: Backend): Promise<{ records: number; bytes: number }> {
  await codec.prepare(['MarketEvent', 'ScoredListing'])
  const makeBatch = values.topic === 'market.events' ? marketEvents(prefix, codec) : scoredListings(prefix, codec)
  const producer = log.producer()
  let [records, bytes] = [0, 0]
  while (bytes < megabytes * 1e6) {
    const batch = makeBatch()
    await producer.send(batch)
    records += batch.length
    bytes += batch.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  }
  await producer.close()
  return { records, bytes }
}

/** One sale for each listing, as the collector writes them. */
function marketEvents(prefix: string, codec: Codec): () => NewRecord[] {
  const { history, listings } = createFeed({
    start: Date.parse('2026-01-13T00:00:00Z'),
    historyHours: 50,
    listings: 10_000,
    everyMillis: 500,
    askShare: 0.9,
  })
  const mixed = listings.flatMap((listing, index) => [history[index] ?? listing, listing])
  return () => mixed.map((event) => feedRecord(codec, prefix, event, systemClock.now()))
}

/** A sample with as many sales, asks and measures as make it 3.5 kB; the numbers are random, so they hardly compress. */
function scoredListings(prefix: string, codec: Codec): () => NewRecord[] {
  const random = createRandom(1)
  const many = <Value>(count: number, make: (index: number) => Value) => Array.from({ length: count }, (_, index) => make(index))
  const make = (number: number): NewRecord => {
    const context = {
      similarSales: many(5, () => sampleSale(random.next() * 200, random.below(100))),
      similarAsks: many(5, () => sampleAsk(random.next() * 200, random.below(10))),
      measures: many(300, () => random.next()),
    }
    const item = { ...sampleScored.listing.item, tokenId: String(5_000_000 + number) }
    const scored = scoredWith({ listing: { listingId: `axie:${item.tokenId}:${number}`, item }, context })
    return { topic: `${prefix}listings.scored`, key: item.tokenId, value: codec.encode('ScoredListing', scored) }
  }
  return () => many(2_000, make)
}

async function discard(prefix: string, { log, store, close }: Backend): Promise<void> {
  const admin = log.admin()
  await admin.deleteTopics((await admin.listTopics()).filter((topic) => topic.startsWith(prefix)))
  await admin.close()
  const keys: string[] = []
  for await (const { key } of store.list(prefix.slice(0, -1))) keys.push(key)
  for (const key of keys) await store.remove(key)
  await close()
}

const results: Run[] = []
for (let run = 1; run <= runs; run++) {
  const result = await measure()
  results.push(result)
  const { megabytesPerSecond, megabytesPerCpuSecond, rssMegabytes, storedMegabytes, valueMegabytes, records } = result
  say(
    `run ${run}: ${megabytesPerSecond.toFixed(1)} MB/s of values (${records} records, ${valueMegabytes.toFixed(0)} MB, ${storedMegabytes.toFixed(0)} MB stored), ` +
      `${megabytesPerCpuSecond.toFixed(1)} MB per processor second, RSS ${rssMegabytes.toFixed(0)} MB, load ${loadavg()[0]!.toFixed(1)}`,
  )
}
const range = (figure: (run: Run) => number, digits: number): string => {
  const numbers = results.map(figure)
  return `${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)}`
}
if (values.record && values.topic === 'market.events')
  recordFigures('speed/archiver', `npm run bench:archiver -- --runs ${runs}`, [
    ['MB/s by the clock', range((run) => run.megabytesPerSecond, 1)],
    ['MB per processor second', range((run) => run.megabytesPerCpuSecond, 1)],
    ['RSS, MB', range((run) => run.rssMegabytes, 0)],
  ])
const machine = `${machineNow()}, Kafka ${versions.kafka}, bucket ${localBucket}`
if (values.json) process.stdout.write(`${JSON.stringify({ machine, results })}\n`)
else process.stdout.write(`${machine}\n`)
process.exit()
