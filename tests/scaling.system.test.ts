import { loadavg } from 'node:os'
import { afterEach, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { topicName } from '#lib/market/topics.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { expectEachOnce } from './pipeline-history.ts'
import { runPrefix } from './run-prefix.ts'
import { longestPause, quantile, type SteadyLoad, startSteadyLoad } from './steady-load.ts'

/** As in k8s/components/keda, in little. */
const partitions = 12
const maxWorkers = 4
const lagThreshold = 400
const stabilisationMillis = 8_000
const pollMillis = 1_000
const perSecond = 40
const backlog = 3_000
const patienceMillis = 240_000

let pipeline: Pipeline | undefined
let load: SteadyLoad | undefined
afterEach(async () => {
  await load?.stop()
  await pipeline?.close()
  load = pipeline = undefined
})

test('scorers from 1 to 4 and back to 1, as their lag wants it, over 12 partitions: every listing scored once', async () => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  pipeline = await createPipeline({ servers, prefix: runPrefix('scaling'), partitions, onProgress: console.error })
  await pipeline.ready(['enricher', 'featurizer'].map((app) => pipeline!.start(app)))
  load = await startSteadyLoad({ pipeline, perSecond, most: 20_000, output: 'listings.scored' })
  await load.burst(backlog)

  const lag = await lagReader(pipeline)
  while ((await lag()) < backlog) await systemClock.sleep(200)
  const scaler = await scaleByLag(pipeline, lag)
  const { changes } = scaler
  const deadline = systemClock.monotonic() + patienceMillis
  while (!(scaler.peak() === maxWorkers && scaler.workers() === 1) && systemClock.monotonic() < deadline) await scaler.step()
  await systemClock.sleep(5_000)
  await load.finish()
  await lag.close()

  const ids = load.seen().map(({ listingId }) => listingId)
  const pauses = changes.map(({ from, to, at, settledAt }) => {
    const pause = longestPause(load!.seen(), at, settledAt + 2_000)
    return `${from} → ${to}: ${(pause / 1_000).toFixed(1)} s`
  })
  const caughtUp = load.seen().filter(({ at }) => at > changes.at(-1)!.at)
  console.error(
    `scaling: ${load.sent()} listings, ${ids.length} scored; longest pause of the whole group around each change: ${pauses.join(', ')}; ` +
      `p99 after the last ${quantile(
        caughtUp.map(({ latencyMillis }) => latencyMillis),
        0.99,
      )} ms; load ${loadavg()[0]!.toFixed(1)}`,
  )
  expect(scaler.peak()).toBe(maxWorkers)
  expect(scaler.workers()).toBe(1)
  expect(new Set(ids).size).toBe(load.sent())
  expect(ids.length).toBe(load.sent())
  await expectEachOnce(pipeline, inject('brokers'))
})

/** Visible records that the scorers' group has not committed, over all partitions. */
async function lagReader({ prefix, backend }: Pipeline) {
  const admin = backend.log.admin()
  const topic = topicName(prefix, 'listings.features')
  const read = async (): Promise<number> => {
    const offsets = await admin.offsets(topic)
    const committed = await Promise.all(offsets.map(({ partition }) => admin.committed(`${prefix}scorer`, { topic, partition })))
    return offsets.reduce((sum, { first, next }, index) => sum + next - (committed[index]?.offset ?? first), 0)
  }
  return Object.assign(read, { close: () => admin.close() })
}

/** Plays KEDA: as many workers as the lag divided by the threshold, more at once, fewer after it was so for a while. */
async function scaleByLag(running: Pipeline, lag: () => Promise<number>) {
  const workers: AppProcess[] = []
  const changes: { from: number; to: number; at: number; settledAt: number }[] = []
  let [peak, lowSince] = [0, systemClock.now()]
  const change = async (to: number) => {
    const [from, at] = [workers.length, systemClock.now()]
    while (workers.length < to) workers.push(running.start('scorer'))
    await Promise.all(workers.splice(to).map((worker) => worker.stop()))
    await running.ready(workers)
    changes.push({ from, to, at, settledAt: systemClock.now() })
    peak = Math.max(peak, to)
    lowSince = systemClock.now()
  }
  await change(1)
  return {
    changes,
    peak: () => peak,
    workers: () => workers.length,
    async step() {
      const wanted = Math.min(maxWorkers, Math.max(1, Math.ceil((await lag()) / lagThreshold)))
      if (wanted > workers.length) await change(wanted)
      else if (wanted === workers.length) lowSince = systemClock.now()
      else if (systemClock.now() - lowSince > stabilisationMillis) await change(wanted)
      await systemClock.sleep(pollMillis)
    },
  }
}
