/**
 * The main job on real sales, on three brokers of its own, counted by Kafka's own console consumer (docs/concepts/three-brokers.md):
 * every listing must be enriched, featurized and scored once, whatever happens to the brokers.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'
import { durationOption } from '#lib/cli/values.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { environmentOf } from '#lib/stack/addresses.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { checkoutRoot, stackDirectory } from '#lib/stack/resolve.ts'
import { type KafkaCluster, startKafkaCluster } from '../tests/cluster/kafka-cluster.ts'
import { endWithUsage, scriptOptions } from './script-options.ts'

const help = `npm run campaign:main-job -- --sales FILE.csv [options]: the main job on three brokers, counted by another client

  --sales FILE      recorded sales to play
  --for 180s        how long (default 180s)
  --speed 600       times real time (default 600)
  --kill-every 25s  kill -9 of one broker after the other, back after 2 s (default: none is killed)`

const { values } = scriptOptions(help, {
  sales: { type: 'string' },
  for: { type: 'string', default: '180s' },
  speed: { type: 'string', default: '600' },
  'kill-every': { type: 'string' },
})
if (values.sales === undefined) endWithUsage(help)
const killEveryMillis = values['kill-every'] === undefined ? null : durationOption('--kill-every', values['kill-every'])

const awayMillis = 2_000
/** The console consumer ends where nothing came for this long. */
const idleMillis = 15_000
const topics = ['listings.enriched', 'listings.features', 'listings.scored', 'alerts'] as const

const stack = createLocalStack({ directory: stackDirectory(), env: process.env, onProgress: (line) => console.error(`servers: ${line}`) })
const { registryUrl, s3 } = (await stack.reuse()) ?? (await stack.start())
const { java, artifacts } = await stack.prepare()
const cluster = await startKafkaCluster()

type Count = Readonly<{ records: number; distinct: number }>

try {
  const job = startMainJob(cluster)
  const ended = new Promise<number | null>((resolve) => job.once('exit', resolve))
  const over = new AbortController()
  const killing = killEveryMillis === null ? Promise.resolve(0) : killBrokers(cluster, killEveryMillis, over.signal)
  const code = await ended
  over.abort()
  const killed = await killing
  const prefix = await runPrefixOf(cluster)
  const counts = new Map<string, Count>()
  for (const topic of topics) counts.set(topic, await countWithConsole(cluster, `${prefix}${topic}`))
  console.log(`main job: exit code ${code}, ${killed} brokers killed; Kafka's console consumer, read committed:`)
  for (const [topic, { records, distinct }] of counts)
    console.log(`${topic.padEnd(20)} ${records} records, ${distinct} distinct, ${records - distinct} twice`)
  const [enriched, features, scored] = topics.map((topic) => counts.get(topic)!)
  const once = [...counts.values()].every(({ records, distinct }) => records === distinct)
  const whole = enriched!.records > 0 && enriched!.records === features!.records && enriched!.records === scored!.records
  console.log(once && whole ? 'each listing once in every stage' : 'VIOLATED: not each listing once in every stage')
  process.exitCode = code === 0 && once && whole ? 0 : 1
} finally {
  await cluster.dispose()
}

function startMainJob({ addresses }: KafkaCluster): ChildProcess {
  const argv = ['up', '--sales', values.sales!, '--speed', values.speed, '--for', values.for]
  return spawn(process.execPath, [join(checkoutRoot, 'bin', 'flipstream.mjs'), ...argv], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environmentOf({ brokers: addresses, registryUrl, s3 }) },
  })
}

async function killBrokers({ brokers }: KafkaCluster, everyMillis: number, signal: AbortSignal): Promise<number> {
  for (let killed = 0; ; killed++) {
    await systemClock.sleep(everyMillis, signal).catch(() => {})
    if (signal.aborted) return killed
    const broker = brokers[killed % brokers.length]!
    await broker.kill()
    await systemClock.sleep(awayMillis)
    await broker.start()
  }
}

/** The cluster is new: the one run on it is ours. */
async function runPrefixOf({ addresses }: KafkaCluster): Promise<string> {
  const admin = new Kafka({ brokers: addresses, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const scored = (await admin.listTopics()).find((topic) => topic.endsWith('listings.scored'))
  await admin.disconnect()
  if (scored === undefined) throw new Error('the main job made no topic listings.scored')
  return scored.slice(0, -'listings.scored'.length)
}

/** A record is the same as another where key and value are the same bytes; BytesDeserializer prints both with escapes, one line each. */
async function countWithConsole({ addresses }: KafkaCluster, topic: string): Promise<Count> {
  const bytes = 'org.apache.kafka.common.serialization.BytesDeserializer'
  const tool = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(artifacts, 'kafka', '*')]
  const argv = ['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', addresses.join(), '--topic', topic]
  const reading = ['--from-beginning', '--timeout-ms', String(idleMillis), '--command-property', 'isolation.level=read_committed']
  const printing = ['print.key=true', `key.deserializer=${bytes}`, `value.deserializer=${bytes}`]
  const child = spawn(java, [...tool, ...argv, ...reading, ...printing.flatMap((property) => ['--formatter-property', property])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk) => (complaint += chunk))
  const distinct = new Set<string>()
  let records = 0
  for await (const line of createInterface({ input: child.stdout })) {
    records++
    distinct.add(createHash('sha256').update(line).digest('base64'))
  }
  const processed = /Processed a total of (\d+) messages/.exec(complaint)?.[1]
  if (Number(processed) !== records) throw new Error(`${topic}: the console consumer told ${records} records and said:\n${complaint}`)
  return { records, distinct: distinct.size }
}
