/**
 * The main job on real sales, on three brokers of its own, counted by Kafka's own console consumer (docs/concepts/three-brokers.md):
 * every listing must be enriched, featurized and scored once, whatever happens to the brokers.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { durationOption } from '#lib/cli/values.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { environmentOf } from '#lib/stack/addresses.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { checkoutRoot, stackDirectory } from '#lib/stack/resolve.ts'
import { type KafkaCluster, startKafkaCluster } from '../../tests/cluster/kafka-cluster.ts'
import { endWithUsage, scriptOptions } from '../script-options.ts'
import { consoleTool, eachOnce, onlyRunOf } from './console-count.ts'

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

const stack = createLocalStack({ directory: stackDirectory(), env: process.env, onProgress: (line) => console.error(`servers: ${line}`) })
const { registryUrl, s3 } = (await stack.reuse()) ?? (await stack.start())
const { java, artifacts } = await stack.prepare()
const cluster = await startKafkaCluster()
const tool = await consoleTool({ java, artifacts, brokers: cluster.addresses })

try {
  const job = startMainJob(cluster)
  const ended = new Promise<number | null>((resolve) => job.once('exit', resolve))
  const over = new AbortController()
  const killing = killEveryMillis === null ? Promise.resolve(0) : killBrokers(cluster, killEveryMillis, over.signal)
  const code = await ended
  over.abort()
  const killed = await killing
  console.log(`main job: exit code ${code}, ${killed} brokers killed`)
  const once = await eachOnce(tool, await onlyRunOf(cluster.addresses))
  process.exitCode = code === 0 && once ? 0 : 1
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
