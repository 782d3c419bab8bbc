import { afterEach, describe, expect, it } from 'vitest'
import { type MergedMetrics, type MetricsSource, mergeExpositions, startMergedMetrics } from './merged-metrics.ts'
import { createMetrics } from './metrics.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function metricsOf(app: string, records: number): MetricsSource {
  const metrics = createMetrics(app)
  metrics.counter('records_total', 'Records.', ['result'])(records, { result: 'emitted' })
  return { app, read: metrics.prometheus }
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
    const sources: MetricsSource[] = [
      metricsOf('scorer', 7),
      { app: 'ledger', read: () => Promise.reject(new Error('connection refused')) },
      { app: 'archiver', read: () => new Promise(() => {}) },
    ]
    const { url } = await serveMerged({ sources: () => sources, labels: { run: 'one' }, timeoutMillis: 200 })
    const answer = await fetch(url)
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    const text = await answer.text()
    expect(text).toContain('flipstream_records_total{result="emitted",app="scorer"} 7')
    expect(text.match(/flipstream_app_up\{.*/g)).toEqual([
      'flipstream_app_up{app="scorer",run="one"} 1',
      'flipstream_app_up{app="ledger",run="one"} 0',
      'flipstream_app_up{app="archiver",run="one"} 0',
    ])
  })

  it('are asked of whoever is there now: an app that was started again is another process', async () => {
    const sources = [metricsOf('scorer', 1)]
    const { url } = await serveMerged({ sources: () => sources })
    const records = async () => /emitted.*/.exec(await (await fetch(url)).text())?.[0]
    expect(await records()).toBe('emitted",app="scorer"} 1')
    sources[0] = metricsOf('scorer', 2)
    expect(await records()).toBe('emitted",app="scorer"} 2')
  })

  it('are nothing but metrics', async () => {
    const { url } = await serveMerged({ sources: () => [] })
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(404)
  })
})
