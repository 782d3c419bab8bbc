import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { randomId } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/stream/errors.ts'
import { probeKafka } from './kafka-probe.ts'
import { localHost, type ServerDefinition, type ServerPlace } from './server.ts'
import { maxMessageBytes, preferredPorts, versions } from './versions.ts'

const loggingFile = fileURLToPath(new URL('kafka-log4j2.properties', import.meta.url))

/** Apache Kafka, broker and controller in one process, with the settings of a single machine that is to answer fast. */
export const kafkaServer: ServerDefinition = {
  name: 'kafka',
  title: `Apache Kafka ${versions.kafka}`,
  preferredPorts: { broker: preferredPorts.broker, controller: preferredPorts.controller },
  async prepare(place) {
    await mkdir(place.directory, { recursive: true })
    await writeFile(configurationFile(place.directory), configuration(place, dataDirectory(place.directory)))
    if (!existsSync(dataDirectory(place.directory))) await format(place)
  },
  command: (place) => ({
    args: [
      '-Xms256m',
      '-Xmx512m',
      '-XX:MaxGCPauseMillis=20',
      '-XX:+ExitOnOutOfMemoryError',
      ...javaArguments(place),
      'kafka.Kafka',
      configurationFile(place.directory),
    ],
    env: {},
  }),
  async probe({ ports, directory }, timeoutMillis) {
    const { clusterId } = await probeKafka({ host: localHost, port: ports['broker']! }, timeoutMillis)
    const expected = await readClusterId(directory)
    if (clusterId !== expected) {
      throw new Error(`expected our own cluster ${expected} on port ${ports['broker']}, found cluster ${clusterId}`)
    }
  },
  afterReady: async () => {},
}

const dataDirectory = (directory: string) => join(directory, 'data')
const configurationFile = (directory: string) => join(directory, 'server.properties')

const javaArguments = (place: ServerPlace) => [
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${loggingFile}`,
  '-cp',
  join(place.artifacts, 'kafka', '*'),
]

/**
 * Data is formatted beside its place and moved there whole: whoever finds the data directory finds it complete.
 * The cluster's id is new with the data, which tells our broker from any other on the same port.
 */
async function format(place: ServerPlace): Promise<void> {
  const unfinished = join(place.directory, 'data.unfinished')
  const formatFile = join(place.directory, 'format.properties')
  await rm(unfinished, { recursive: true, force: true })
  await writeFile(formatFile, configuration(place, unfinished))
  const clusterId = Buffer.from(randomId().replaceAll('-', ''), 'hex').toString('base64url')
  // With `=`, since an id may begin with a dash.
  const tool = ['kafka.tools.StorageTool', 'format', '--standalone', `--cluster-id=${clusterId}`, '--config', formatFile]
  try {
    await promisify(execFile)(place.java, ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...javaArguments(place), ...tool])
  } catch (error) {
    throw new FatalError(`Kafka could not format its data directory in ${place.directory}: ${(error as Error).message}`, { cause: error })
  }
  await rename(unfinished, dataDirectory(place.directory))
}

async function readClusterId(directory: string): Promise<string | null> {
  const text = await readFile(join(dataDirectory(directory), 'meta.properties'), 'utf8')
  return /^cluster\.id=(.*)$/m.exec(text)?.[1]?.trim() ?? null
}

function configuration({ ports }: ServerPlace, data: string): string {
  const settings: Record<string, string | number | boolean> = {
    'node.id': 1,
    'process.roles': 'broker,controller',
    listeners: `PLAINTEXT://${localHost}:${ports['broker']},CONTROLLER://${localHost}:${ports['controller']}`,
    'advertised.listeners': `PLAINTEXT://${localHost}:${ports['broker']}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'controller.quorum.bootstrap.servers': `${localHost}:${ports['controller']}`,
    'log.dirs': data,
    ...brokerSettings,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Shared with the containers of the tests and compared with docker-compose.kafka.yml. */
export const brokerSettings = {
  'auto.create.topics.enable': false,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
  // A commit outside of transactions (at_least_once) would otherwise wait 5 ms for company.
  'group.coordinator.append.linger.ms': 0,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  'message.max.bytes': maxMessageBytes,
  'replica.fetch.max.bytes': maxMessageBytes,
  // A killed broker may come back only when its former self has timed out; a shorter time fences brokers of overloaded machines.
  'broker.session.timeout.ms': 6000,
  'broker.heartbeat.interval.ms': 500,
  // After a kill the newest segment of each partition is read again: small ones make that short.
  'log.segment.bytes': 128 * 1024 * 1024,
  'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
} as const

/** How the image apache/kafka takes a setting of server.properties. */
export const environmentName = (setting: string): string => `KAFKA_${setting.toUpperCase().replaceAll('.', '_')}`
