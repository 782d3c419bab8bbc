/** The stages of the pipeline as processes, with a model and rules in force, on given servers: for system tests and benchmarks. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trainFirstModel } from '#app/cli/up/first-model.ts'
import { planMarket } from '#app/cli/up/market-plan.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { promote } from '#lib/decisions/promote.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { type Backend, localBucket, openBackend } from '#lib/running/backend.ts'
import { type AppProcess, createProcesses } from '#lib/running/processes.ts'
import { environmentOf, type StackAddresses } from '#lib/stack/addresses.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'

export type Pipeline = Readonly<{
  prefix: string
  backend: Backend
  /** Market time at which the model takes over from training. */
  playFrom: number
  start(app: string, settings?: Readonly<Record<string, string>>): AppProcess
  /** The same from another checkout: another version of the apps. */
  startFrom(root: string, app: string, settings?: Readonly<Record<string, string>>): AppProcess
  /** Resolves when every app named is ready. */
  ready(apps: readonly AppProcess[]): Promise<void>
  /** Stops what was started, and closes. */
  close(): Promise<void>
  /** The same, and deletes the topics. */
  discard(): Promise<void>
}>

export type PipelineOptions = Readonly<{
  servers: StackAddresses
  prefix: string
  partitions?: number
  /** In force from the first listing on; the default rules where none are given. */
  rules?: RuleSet
  onProgress?: (line: string) => void
}>

const readyMillis = 120_000

export async function createPipeline({
  servers,
  prefix,
  partitions = 3,
  rules = defaultRules,
  onProgress = () => {},
}: PipelineOptions): Promise<Pipeline> {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-pipeline-'))
  const backend = openBackend({ kind: 'env', ...servers }, { root: checkoutRoot, clientId: `${prefix}test` })
  const environment = testEnvironment(servers, prefix)
  const startProcess = createProcesses({ environment, logDirectory: directory })
  const started: AppProcess[] = []

  const admin = backend.log.admin()
  await admin.createTopics(topicSettings(prefix, { partitions }))
  await admin.close()
  const stop = () => Promise.all(started.map((process) => process.stop()))
  const playFrom = await putInForce({ backend, prefix, directory, environment, rules, onProgress })

  return {
    prefix,
    backend,
    playFrom,
    start(app, settings = {}) {
      const process = startProcess(app, { settings })
      started.push(process)
      return process
    },
    startFrom(root, app, settings = {}) {
      const process = createProcesses({ environment, logDirectory: directory, root })(app, { settings })
      started.push(process)
      return process
    },
    async ready(apps) {
      const deadline = systemClock.monotonic() + readyMillis
      for (const app of apps) {
        await app.started
        while (!(await isReady(app))) {
          if (systemClock.monotonic() > deadline)
            throw new Error(`${app.name} is not ready after ${readyMillis / 1_000} s:\n${app.lastLogLines(5)}`)
          await systemClock.sleep(50)
        }
      }
    },
    async close() {
      await stop()
      await backend.close()
    },
    async discard() {
      await stop()
      const admin = backend.log.admin()
      await admin.deleteTopics((await admin.listTopics()).filter((topic) => topic.startsWith(prefix)))
      await admin.close()
      await backend.close()
    },
  }
}

/** An app that is too busy to answer in time is not ready yet; one that has ended never will be. */
async function isReady(app: AppProcess): Promise<boolean> {
  try {
    return (await app.health()).ready
  } catch (error) {
    const how = await Promise.race([app.exited, systemClock.sleep(100).then(() => null)])
    if (how === null) return false
    throw new Error(`${app.name} has ended (${how}). Its last words:\n${app.lastLogLines(5)}`, { cause: error })
  }
}

type Promoting = Readonly<{
  backend: Backend
  prefix: string
  directory: string
  environment: Readonly<Record<string, string>>
  rules: RuleSet
  onProgress: (line: string) => void
}>

/** The rules, and the generated market's model: trained once for this checkout, then reused. */
async function putInForce({ backend, prefix, directory, environment, rules, onProgress }: Promoting): Promise<number> {
  const plan = await planMarket({ sales: null, speed: 1, forSeconds: null, trainUntil: null, seed: 1, json: true }, checkoutRoot)
  mkdirSync(directory, { recursive: true })
  const progress = { say: onProgress, status: () => {}, output: () => {}, end: () => {} }
  const run = { name: prefix.replace(/\.$/, ''), source: 'synthetic', prefix, directory } as const
  const model = await trainFirstModel(plan, { run, backend, environment, progress, signal: new AbortController().signal })
  if (model === null) throw new Error('training was interrupted')
  const at = plan.playFrom
  await createRulesStore(backend.store).publish(rules)
  await promote({ ...backend, prefix }, { ...model, at, source: 'synthetic', rules, reason: 'test' })
  return at
}

/** What apps of a test are given: where the servers are, and nothing of ours. */
export function testEnvironment(servers: StackAddresses, prefix: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    ...environmentOf(servers),
    S3_BUCKET: localBucket,
    PREFIX: prefix,
    HTTP_PORT: '0',
    CARD_FORMAT: 'none',
    ARCHIVE_IDLE_SECONDS: '2',
  }
}
