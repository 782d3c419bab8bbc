/** How many records a topic holds, as Kafka's own console consumer reads them: a count that owes nothing to this project's code. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { findMaven } from '#lib/stack/tools.ts'
import { versions } from '#lib/stack/versions.ts'

export type Count = Readonly<{ records: number; distinct: number }>
export type ConsoleTool = Readonly<{ java: string; classPath: string; brokers: readonly string[] }>

/** The console consumer ends where nothing came for this long. */
const idleMillis = 15_000

/** Servers run without Kafka's tools: Maven brings their one jar when it is first wanted. Throws before a campaign, not after it. */
export async function consoleTool(
  servers: Readonly<{ java: string; artifacts: string; brokers: readonly string[] }>,
): Promise<ConsoleTool> {
  const directory = join(checkoutRoot, '.flipstream', 'campaigns')
  const jar = join(directory, `kafka-tools-${versions.kafka}.jar`)
  if (!existsSync(jar)) {
    const copy = ['dependency:copy', `-Dartifact=org.apache.kafka:kafka-tools:${versions.kafka}`, `-DoutputDirectory=${directory}`]
    const { status, stdout, error } = spawnSync((await findMaven(process.env)) ?? 'mvn', ['--batch-mode', '--quiet', ...copy], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`Maven could not bring Kafka's console consumer: ${error?.message ?? stdout}`)
  }
  return { java: servers.java, classPath: `${join(servers.artifacts, 'kafka', '*')}:${jar}`, brokers: servers.brokers }
}

/**
 * Read committed, from the beginning. A record is the same as another where key and value are the same bytes; BytesDeserializer prints
 * both with escapes, one line each.
 */
export async function countWithConsole({ java, classPath, brokers }: ConsoleTool, topic: string): Promise<Count> {
  const bytes = 'org.apache.kafka.common.serialization.BytesDeserializer'
  const tool = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', classPath]
  const argv = ['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', brokers.join(), '--topic', topic]
  const reading = ['--from-beginning', '--timeout-ms', String(idleMillis), '--isolation-level', 'read_committed']
  const printing = ['print.partition', 'print.key'].flatMap((property) => ['--property', `${property}=true`])
  const deserializing = ['--key-deserializer', bytes, '--value-deserializer', bytes]
  const child = spawn(java, [...tool, ...argv, ...reading, ...printing, ...deserializing], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk) => (complaint += chunk))
  const distinct = new Set<string>()
  let records = 0
  for await (const line of createInterface({ input: child.stdout })) {
    // Its logger writes to the same stream.
    const record = /^Partition:\d+\t(.*)$/.exec(line)?.[1]
    if (record === undefined) continue
    records++
    distinct.add(createHash('sha256').update(record).digest('base64'))
  }
  const processed = /Processed a total of (\d+) messages/.exec(complaint)?.[1]
  if (Number(processed) !== records) throw new Error(`${topic}: the console consumer counted ${records} records and said:\n${complaint}`)
  return { records, distinct: distinct.size }
}

/** Prints the counts of these topics; true where each record is there once and the stages hold as many as each other. */
export async function eachOnce(tool: ConsoleTool, prefix: string): Promise<boolean> {
  const topics = ['listings.enriched', 'listings.features', 'listings.scored', 'alerts'] as const
  const counts: Count[] = []
  for (const topic of topics) counts.push(await countWithConsole(tool, `${prefix}${topic}`))
  console.log("Kafka's console consumer, read committed:")
  topics.forEach((topic, index) => {
    const { records, distinct } = counts[index]!
    console.log(`${topic.padEnd(20)} ${records} records, ${distinct} distinct, ${records - distinct} twice`)
  })
  const [enriched, features, scored] = counts
  const once = counts.every(({ records, distinct }) => records === distinct)
  const whole = enriched!.records > 0 && enriched!.records === features!.records && enriched!.records === scored!.records
  console.log(once && whole ? 'each listing once in every stage' : 'VIOLATED: not each listing once in every stage')
  return once && whole
}

/** On servers that are new the one run is ours. */
export async function onlyRunOf(brokers: readonly string[]): Promise<string> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const scored = (await admin.listTopics()).find((topic) => topic.endsWith('listings.scored'))
  await admin.disconnect()
  if (scored === undefined) throw new Error('the main job made no topic listings.scored')
  return scored.slice(0, -'listings.scored'.length)
}
