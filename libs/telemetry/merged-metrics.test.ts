import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { createHealth } from './health.ts'
import { type MergedMetrics, mergeExpositions, startMergedMetrics } from './merged-metrics.ts'
import { createMetrics } from './metrics.ts'
import { startStatusServer } from './status-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serveApp(app: string, records: number): Promise<string> {
  const metrics = createMetrics(app)
  metrics.counter('records_total', 'Records.', ['result'])(records, { result: 'emitted' })
  const server = await startStatusServer({ host: '127.0.0.1', port: 0, health: createHealth({ clock: createManualClock(0) }), metrics })
  closing.push(server.close)
  return server.url
}

async function serveMerged(options: Omit<Parameters<typeof startMergedMetrics>[0], 'host' | 'port'>): Promise<MergedMetrics> {
  const merged = await startMergedMetrics({ host: '127.0.0.1', port: 0, ...options })
  closing.push(merged.close)
  return merged
}

describe('metrics of several processes', () => {
  it('are one text, each family once with all its series together', () => {
    const one = '# HELP a_total A.\n# TYPE a_total counter\na_total{app="x"} 1\n\n# HELP b B.\n# TYPE b gauge\nb{app="x"} 2\n'
    const other = '# HELP b B.\n# TYPE b gauge\nb{app="y"} 3\n# HELP a_total A.\n# TYPE a_total counter\na_total{app="y"} 4\n'
    expect(mergeExpositions([one, other])).toBe(
      '# HELP a_total A.\n# TYPE a_total counter\na_total{app="x"} 1\na_total{app="y"} 4\n# HELP b B.\n# TYPE b gauge\nb{app="x"} 2\nb{app="y"} 3\n',
    )
  })

  it('say which app did not answer, and nothing else of it', async () => {
    const scorer = await serveApp('scorer', 7)
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    closing.push(async () => void silent.close().closeAllConnections())
    const sources = [
      { app: 'scorer', url: scorer },
      { app: 'ledger', url: 'http://127.0.0.1:1' },
      { app: 'archiver', url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` },
    ]
    const { url } = await serveMerged({ sources: () => sources, timeoutMillis: 200 })
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    const text = await answer.text()
    expect(text).toContain('flipstream_records_total{result="emitted",app="scorer"} 7')
    expect(text.match(/flipstream_app_up\{.*/g)).toEqual([
      'flipstream_app_up{app="scorer"} 1',
      'flipstream_app_up{app="ledger"} 0',
      'flipstream_app_up{app="archiver"} 0',
    ])
  })

  it('are asked of whoever is there now: an app that was restarted has another port', async () => {
    const sources = [{ app: 'scorer', url: await serveApp('scorer', 1) }]
    const { url } = await serveMerged({ sources: () => sources })
    const records = async () => /emitted.*/.exec(await (await fetch(url)).text())?.[0]
    expect(await records()).toBe('emitted",app="scorer"} 1')
    sources[0] = { app: 'scorer', url: await serveApp('scorer', 2) }
    expect(await records()).toBe('emitted",app="scorer"} 2')
  })

  it('are nothing but metrics', async () => {
    const { url } = await serveMerged({ sources: () => [] })
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(404)
  })
})
