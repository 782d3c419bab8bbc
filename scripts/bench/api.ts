/**
 * Requests a second and latency of GET /api/price, beside the ancestor's way of serving (Flask with its stack of models) in the same run,
 * and beside Flask that is given feature rows ready made for LightGBM: no context, no features, one quantile.
 * Both price the same recorded axies, one a request, from one client of ours, with 1 and with 8 requests under way. Ours prices from the
 * market as it stands: context of the fold, features and model for every request; nothing is remembered between two.
 * Needs the recorded sales and the peers' scripts beside the checkout, and a Python with their packages (PEERS_PYTHON).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Pool } from 'undici'
import { trainFirstModel } from '#app/cli/up/first-model.ts'
import { planMarket } from '#app/cli/up/market-plan.ts'
import { systemClock as clock, randomId } from '#lib/clock/clock.ts'
import { promote } from '#lib/decisions/promote.ts'
import { marketKey, payloadOf } from '#lib/market/event.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import { topicName, topicSettings } from '#lib/market/topics.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { openBackend } from '#lib/running/backend.ts'
import { createProcesses } from '#lib/running/processes.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import type { Item } from '#schemas/types.ts'
import { pageOf, untilStatus } from '../../tests/dashboard-process.ts'
import { recordedSales } from '../../tests/market-data.ts'
import { testEnvironment } from '../../tests/pipeline.ts'
import { scriptOptions } from '../script-options.ts'
import { machineNow } from './machine.ts'
import { recordFigures } from './measurement.ts'
import { peersDirectory } from './peer-python.ts'

const salesFile = recordedSales()
const flask = join(peersDirectory, 'flask_serving.py')
const python = process.env.PEERS_PYTHON ?? 'python3'
const askedAxies = 2_000
const warmUpSeconds = 2

const help = `npm run bench:api [-- options]: GET /api/price beside the ancestor's way of serving, in one run

  --seconds 8   of each measurement
  --runs 3      median and spread are told
  --json        the result as JSON
  --record      write the figures to bench/results (docs/numbers.md)

Needs FLIPSTREAM_DATA (recorded sales) and a Python with the peers' packages (PEERS_PYTHON).`

const { values } = scriptOptions(help, {
  seconds: { type: 'string', default: '8' },
  runs: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
})
const [seconds, runs] = [Number(values.seconds), Number(values.runs)]
const say = (line: string) => void process.stderr.write(`${line}\n`)

for (const file of [salesFile, flask]) if (!existsSync(file)) throw new Error(`expected ${file}: this benchmark compares with it`)

type Load = Readonly<{ perSecond: number; p50: number; p99: number; failed: number }>
type Request = Readonly<{ method: 'GET' | 'POST'; path: string; body: string | null }>

/** One request after the other on each of `clients` connections. Milliseconds. */
async function load(origin: string, requests: readonly Request[], clients: number, forSeconds: number): Promise<Load> {
  const pool = new Pool(origin, { connections: clients, pipelining: 1 })
  const latencies: number[] = []
  const end = performance.now() + forSeconds * 1_000
  let [next, failed] = [0, 0]
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const { method, path, body } = requests[next++ % requests.length] as Request
      const startedAt = performance.now()
      const response = await pool.request({ method, path, body, headers: { 'content-type': 'application/json' } })
      await response.body.text()
      latencies.push(performance.now() - startedAt)
      if (response.statusCode !== 200) failed++
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  await pool.destroy()
  latencies.sort((a, b) => a - b)
  const quantile = (share: number) => latencies[Math.floor(share * latencies.length)] ?? Number.NaN
  return { perSecond: latencies.length / forSeconds, p50: quantile(0.5), p99: quantile(0.99), failed }
}

/** The dashboard as a process, on a market of recorded sales. */
async function startOurs() {
  const stack = await resolveStack({ env: process.env, onProgress: say, allowEmbedded: false })
  if (stack.kind === 'embedded') throw new Error('this benchmark needs a real broker')
  const prefix = `bench-api-${randomId().slice(0, 8)}.`
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-bench-api-'))
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}bench` })
  const environment = testEnvironment(stack, prefix)
  const admin = backend.log.admin()
  await admin.createTopics(topicSettings(prefix, { partitions: 3 }))
  const plan = await planMarket({ sales: salesFile, speed: 1, forSeconds: null, trainUntil: null, seed: 1, json: true }, checkoutRoot)
  const progress = { say, status: () => {}, output: () => {}, end: () => {} }
  const run = { name: prefix, source: plan.source, prefix, directory }
  const model = await trainFirstModel(plan, { run, backend, environment, progress, signal: new AbortController().signal })
  if (model === null) throw new Error('training was interrupted')
  await promote({ ...backend, prefix }, { ...model, at: plan.playFrom, source: plan.source, rules: defaultRules, reason: 'bench' })
  const items = await writeSales(backend, prefix, plan.playFrom)
  const app = createProcesses({ environment, logDirectory: directory })('dashboard', {
    settings: { DASHBOARD_PORT: '0', API_REQUESTS_PER_MINUTE: '100000000' },
  })
  const url = await pageOf(app)
  await untilStatus(url, ({ caughtUp, marketTime }) => caughtUp && marketTime !== null)
  return {
    url,
    items,
    metrics: app.metrics,
    async close() {
      await app.stop()
      await admin.deleteTopics((await admin.listTopics()).filter((topic) => topic.startsWith(prefix)))
      await admin.close()
      await backend.close()
    },
  }
}

/** All sales before the split, into market.events. Answers the last axies sold. */
async function writeSales({ log, codec }: ReturnType<typeof openBackend>, prefix: string, until: number): Promise<Item[]> {
  await codec.prepare(['MarketEvent'])
  const producer = log.producer()
  const items: Item[] = []
  const batch: { topic: string; key: string; value: Buffer }[] = []
  for await (const event of readSalesFile(salesFile)) {
    if (event.observedAt >= until) break
    const { kind, value } = payloadOf(event)
    if (kind === 'Sale') items.push(value.item)
    batch.push({ topic: topicName(prefix, 'market.events'), key: marketKey, value: codec.encode('MarketEvent', event) })
    if (batch.length === 1_000) await producer.send(batch.splice(0))
  }
  await producer.send(batch)
  await producer.close()
  return items.slice(-askedAxies)
}

async function startFlask(): Promise<{ url: string; child: ChildProcess; rows: readonly string[] }> {
  const models = join(checkoutRoot, '.flipstream', 'bench', 'flask')
  if (!existsSync(join(models, 'stack.pkl'))) {
    say('training the ancestor’s stack once (a minute or two) …')
    mkdirSync(models, { recursive: true })
    await ended(spawn(python, [flask, 'train', dirname(salesFile), models], { stdio: ['ignore', 'ignore', 'inherit'] }))
  }
  const port = await freePort()
  const child = spawn(python, [flask, 'serve', models, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  const url = `http://127.0.0.1:${port}`
  while (
    !(await fetch(`${url}/null`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' }).then(
      () => true,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error('Flask did not start: is PEERS_PYTHON a Python with the peers’ packages?')
    await clock.sleep(200)
  }
  return { url, child, rows: await lightGbmRows(models) }
}

/** Rows that LightGBM learnt from, as its service takes them. */
async function lightGbmRows(models: string): Promise<string[]> {
  const print = "import sys, pandas as pd; print(pd.read_pickle(sys.argv[1]).astype(float).to_json(orient='values'))"
  const child = spawn(python, ['-c', print, join(models, 'rows.pkl')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed] = await Promise.all([text(child.stdout), ended(child)])
  return (JSON.parse(printed) as number[][]).map((row) => JSON.stringify([row]))
}

async function ended(child: ChildProcess): Promise<void> {
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`python ended with exit code ${code}: is PEERS_PYTHON a Python with the peers’ packages?`)
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

const flaskRow = ({ tokenId, class: axieClass, breedCount, parts }: Item) => {
  const part = (type: string) => parts.find((id) => id.startsWith(type)) ?? ''
  const six = Object.fromEntries(['eyes', 'ears', 'mouth', 'horn', 'back', 'tail'].map((type) => [type, part(type)]))
  return { id: Number(tokenId), class: axieClass, breedCount, purity: 0, ...six }
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN

const ours = await startOurs()
const theirs = await startFlask()
try {
  const loads = {
    'GET /api/price': {
      origin: ours.url,
      requests: ours.items.map(({ tokenId }): Request => ({ method: 'GET', path: `/api/price/${tokenId}`, body: null })),
    },
    'Flask, the stack': {
      origin: theirs.url,
      requests: ours.items.map((item): Request => ({ method: 'POST', path: '/stack', body: JSON.stringify([flaskRow(item)]) })),
    },
    'Flask, LightGBM': {
      origin: theirs.url,
      requests: theirs.rows.map((body): Request => ({ method: 'POST', path: '/lgbm', body })),
    },
  }
  const results: { name: string; clients: number; runs: Load[] }[] = []
  for (const clients of [1, 8]) {
    for (const name of Object.keys(loads)) results.push({ name, clients, runs: [] })
    for (let run = 0; run < runs; run++) {
      for (const [name, { origin, requests }] of Object.entries(loads)) {
        await load(origin, requests, clients, warmUpSeconds)
        const measured = await load(origin, requests, clients, seconds)
        results.find((result) => result.name === name && result.clients === clients)?.runs.push(measured)
        say(
          `${name}, ${clients} under way: ${measured.perSecond.toFixed(0)}/s  p50 ${measured.p50.toFixed(2)} ms  p99 ${measured.p99.toFixed(2)} ms${measured.failed > 0 ? `  ${measured.failed} FAILED` : ''}`,
        )
      }
    }
  }
  const rows = results.map(({ name, clients, runs: all }) => ({
    name,
    clients,
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    fewest: Math.min(...all.map(({ perSecond }) => perSecond)),
    most: Math.max(...all.map(({ perSecond }) => perSecond)),
    p50: median(all.map(({ p50 }) => p50)),
    p99: median(all.map(({ p99 }) => p99)),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
  }))
  const machine = machineNow()
  if (values.record)
    recordFigures(
      'speed/price',
      `npm run bench:api -- --runs ${runs}`,
      rows.map((row) => [row.name, String(row.clients), row.perSecond.toFixed(0), row.p50.toFixed(1), row.p99.toFixed(1)] as const),
    )
  const { rssBytes } = await ours.metrics()
  if (values.json)
    process.stdout.write(`${JSON.stringify({ machine, seconds, runs, rssMegabytes: Math.round(rssBytes / 2 ** 20), rows })}\n`)
  else {
    const lines = rows.map(
      ({ name, clients, perSecond, fewest, most, p50, p99, failed }) =>
        `  ${name.padEnd(18)}${String(clients).padStart(3)} under way  ${perSecond.toFixed(0).padStart(6)}/s (${fewest.toFixed(0)} to ${most.toFixed(0)})  p50 ${p50.toFixed(2).padStart(7)} ms  p99 ${p99.toFixed(2).padStart(8)} ms${failed > 0 ? `  ${failed} FAILED` : ''}`,
    )
    process.stdout.write(
      `${machine}; ${runs} runs of ${seconds} s, medians; dashboard ${Math.round(rssBytes / 2 ** 20)} MB\n${lines.join('\n')}\n`,
    )
  }
} finally {
  theirs.child.kill('SIGTERM')
  await ours.close()
}
