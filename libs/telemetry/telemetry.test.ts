import { Writable } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { createHealth } from './health.ts'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'
import { type StatusServer, startStatusServer } from './status-server.ts'

let server: StatusServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

test('latencies have exact quantiles in the snapshot, and buckets for Prometheus, whose quantiles are of any span of time', async () => {
  const metrics = createMetrics('trial')
  const latency = metrics.latency('hop', 'One hop.')
  for (let millis = 1; millis <= 1_000; millis++) latency.record(millis)
  const { n, p50, p99 } = latency.quantiles()
  expect(n).toBe(1_000)
  expect(p50).toBeCloseTo(500, -1)
  expect(p99).toBeCloseTo(990, -1)
  const text = await metrics.prometheus()
  expect(text).toContain('# TYPE flipstream_hop_seconds histogram')
  expect(text).toContain('flipstream_hop_seconds_bucket{le="0.1",app="trial"} 100')
  expect(text).toContain('flipstream_hop_seconds_count{app="trial"} 1000')
  expect((await metrics.snapshot()).latencies['hop']?.n).toBe(1_000)
})

test('a latency with an objective counts what missed it', async () => {
  const metrics = createMetrics('trial')
  const latency = metrics.latency('hop', 'One hop.', { objectiveMillis: 100 })
  for (const millis of [50, 100, 101, 500]) latency.record(millis)
  expect((await metrics.snapshot()).values).toMatchObject({ hop_missed_total: 2 })
})

test('known label sets are there at 0 before anything happened: a first failure is an increase', async () => {
  const metrics = createMetrics('trial')
  metrics.counter('sent_total', 'Sent.', ['outcome'], [{ outcome: 'failed' }])
  expect((await metrics.snapshot()).values).toMatchObject({ 'sent_total{outcome=failed}': 0 })
})

test('a level is absent until it is set, and once it is forgotten: 0 is a claim', async () => {
  const metrics = createMetrics('trial')
  const plain = metrics.gauge('trained_until_seconds', 'Trained until.')
  const labelled = metrics.gauge('lag_records', 'Lag.', ['partition'])
  const names = async () => Object.keys((await metrics.snapshot()).values).filter((name) => !name.startsWith('process_'))
  expect(await names()).toEqual([])
  plain(1)
  labelled(0, { partition: '3' })
  expect(await names()).toEqual(['trained_until_seconds', 'lag_records{partition=3}'])
  plain.forget()
  labelled.forget({ partition: '3' })
  expect(await names()).toEqual([])
})

test('the run stands in every series, and not in the names of the snapshot', async () => {
  const metrics = createMetrics('trial', { run: 'replay-1' })
  metrics.counter('records_total', 'Records.', ['result'])(1, { result: 'emitted' })
  expect(await metrics.prometheus()).toContain('flipstream_records_total{result="emitted",app="trial",run="replay-1"} 1')
  expect((await metrics.snapshot()).values).toMatchObject({ 'records_total{result=emitted}': 1 })
})

test('counters show by label', async () => {
  const metrics = createMetrics('trial')
  const count = metrics.counter('records', 'Records.', ['result'])
  count(2, { result: 'emit' })
  count(1, { result: 'skip' })
  expect((await metrics.snapshot()).values).toMatchObject({ 'records{result=emit}': 2, 'records{result=skip}': 1 })
})

test('alive: only a loop that holds work and does not turn is dead', () => {
  const clock = createManualClock(0)
  const health = createHealth({ clock, hangSeconds: 10 })
  clock.advanceTo(60_000)
  expect(health.report().alive).toBe(true)
  health.turned(true)
  clock.advanceTo(71_000)
  expect(health.report().alive).toBe(false)
  health.turned(false)
  clock.advanceTo(700_000)
  expect(health.report().alive).toBe(true)
})

test('the status server answers alive and ready apart, and says why it is not ready', async () => {
  const health = createHealth({ clock: createManualClock(0) })
  health.expect('assigned')
  server = await startStatusServer({ host: '127.0.0.1', port: 0, health, metrics: createMetrics('trial') })
  const get = async (path: string) => fetch(`${server?.url}${path}`)
  expect((await get('/healthz')).status).toBe(200)
  const notReady = await get('/readyz')
  expect(notReady.status).toBe(503)
  expect(await notReady.json()).toMatchObject({ conditions: { assigned: { ready: false, detail: 'not yet' } } })
  health.set('assigned', true)
  expect((await get('/readyz')).status).toBe(200)
  expect((await get('/metrics')).status).toBe(200)
  expect((await get('/nothing')).status).toBe(404)
})

test('a port that is taken gives a clear error', async () => {
  const health = createHealth({ clock: createManualClock(0) })
  server = await startStatusServer({ host: '127.0.0.1', port: 0, health, metrics: createMetrics('trial') })
  const port = Number(new URL(server.url).port)
  await expect(startStatusServer({ host: '127.0.0.1', port, health, metrics: createMetrics('trial') })).rejects.toThrow(/HTTP_PORT/)
})

test('secrets are cut out of log lines by name', () => {
  const lines: string[] = []
  const logger = createLogger(
    'trial',
    'info',
    new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk))
        done()
      },
    }),
  )
  logger.info({ apiKey: 'abc123', config: { S3_SECRET_KEY: 'def456' }, headers: { authorization: 'ghi789' } }, 'started')
  expect(lines.join()).toContain('[secret]')
  expect(lines.join()).not.toMatch(/abc123|def456|ghi789/)
})
