import { afterEach, expect, inject, test } from 'vitest'
import { planMarket } from '#app/cli/up/market-plan.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { access, commandAccess, replayPrefix, rightsOf, rightsToReplay } from '#lib/market/access.ts'
import { localBucket } from '#lib/running/backend.ts'
import { startObserver } from '#lib/running/observer.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { runCommand } from './run-command.ts'
import { runPrefix } from './run-prefix.ts'
import { type SecureBroker, startSecureBroker } from './secure-broker.ts'

const enoughScored = 200
const patienceMillis = 180_000
/** Every app, the source last, as they are started. */
const apps = 'enricher featurizer scorer alerter notifier ledger validator learner archiver dashboard'.split(' ')

let broker: SecureBroker | undefined
let pipeline: Pipeline | undefined
afterEach(async () => {
  await pipeline?.close()
  await broker?.dispose()
  pipeline = broker = undefined
})

test('the whole pipeline over TLS, every app with a login of its own and no right beyond those it declares', async () => {
  const everyone = [...Object.keys(access), ...Object.keys(commandAccess)]
  const replay = 'replay'
  broker = await startSecureBroker([...everyone, replay])
  const prefix = runPrefix('secure')
  const servers = { brokers: [broker.plain], registryUrl: inject('registryUrl'), s3: inject('s3') }
  pipeline = await createPipeline({ servers, prefix, onProgress: console.error })
  for (const app of everyone) await broker.allow(app, rightsOf(app, prefix))
  await broker.allow(replay, rightsToReplay)
  const start = async (app: string, settings: Readonly<Record<string, string>> = {}): Promise<AppProcess> => {
    const login = await broker!.environmentOf(app)
    return pipeline!.start(app, { KAFKA_BROKERS: broker!.secure, ...login, ...settings })
  }

  const plan = await planMarket({ sales: null, speed: 600, forSeconds: null, trainUntil: null, seed: 1, json: true }, checkoutRoot)
  const marketplace = await pipeline.start('simulator', plan.simulator).url
  const started = await Promise.all(apps.map((app) => start(app, app === 'dashboard' ? { DASHBOARD_PORT: '0' } : {})))
  await pipeline.ready(started)
  const { backend } = pipeline
  const observer = await startObserver({ ...backend, prefix, clock: systemClock, alsoSeen: [] })
  const collector = await start('collector', { ...plan.collector, MARKETPLACE_URL: marketplace, HISTORY_DAYS: '0.5' })
  const ended = Promise.race([...started, collector].map(async (app) => `${app.name}: ${await app.exited}\n${app.lastLogLines(3)}`))
  const deadline = systemClock.monotonic() + patienceMillis
  let gone: string | null = null
  while (observer.counts.scored < enoughScored && gone === null && systemClock.monotonic() < deadline)
    gone = await Promise.race([ended, systemClock.sleep(250).then(() => null)])
  await observer.stop()

  const { listings, scored, alerts, deadLetters } = observer.counts
  console.error(`secure pipeline: ${listings} listings, ${scored} scored, ${alerts} alerts, ${deadLetters} dead letters`)
  expect(gone).toBeNull()
  expect(scored).toBeGreaterThanOrEqual(enoughScored)
  expect(deadLetters).toBe(0)

  const login = { ...(await broker.environmentOf('dlq')), PREFIX: prefix }
  const listed = await runCommand({ ...servers, brokers: [broker.secure] }, ['dlq', 'ls', '--json'], login)
  expect(listed.code, listed.stderr).toBe(0)
  expect(JSON.parse(listed.stdout)).toEqual({ total: 0, letters: [] })

  // What was archived meanwhile goes once more through the pipeline, by a user who can touch no topic but those of replays.
  const recording = ['replay', '--archive', `s3://${localBucket}/${prefix.replace(/\.$/, '')}`, '--pipeline']
  const asReplay = await broker.environmentOf(replay)
  const replayed = await runCommand({ ...servers, brokers: [broker.secure] }, [...recording, '--to', `${replayPrefix}1`], asReplay)
  expect(replayed.code, replayed.stderr).toBe(0)
  const astray = await runCommand({ ...servers, brokers: [broker.secure] }, [...recording, '--to', 'elsewhere'], asReplay)
  expect([astray.code, astray.stderr]).toEqual([1, expect.stringMatching(/needs Create on topics /)])

  // Without its right to write, an app ends with an error that names it, and does not go on in silence.
  const intruder = await start('alerter', await broker.environmentOf('archiver'))
  expect(await intruder.exited).toBe('exit code 1')
  expect(intruder.lastLogLines(20)).toMatch(/lacks a right \(an ACL\): it needs Read on (topic|group)/)
})
