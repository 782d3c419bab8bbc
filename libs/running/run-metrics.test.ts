import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findRunMetrics, serveRunMetrics } from './run-metrics.ts'
import { createRun } from './runs.ts'
import type { SupervisedApp, SupervisedApps } from './supervised-apps.ts'

const appsThat = (exposition: SupervisedApp['exposition']): SupervisedApps => {
  const app = { name: 'scorer', exposition } as SupervisedApp
  return { all: () => [app], get: () => app, start: () => app }
}

test('a run that serves its metrics is found by whoever looks into the checkout, until it ends; one that was killed is not', async () => {
  const root = mkdtempSync(join(tmpdir(), 'flipstream-metrics-'))
  const run = createRun(root, 'synthetic', 0, [])
  const serving = await serveRunMetrics(
    run,
    appsThat(async () => '# TYPE a gauge\na 1\n'),
  )
  const { status } = await fetch(serving.url)
  expect(status).toBe(200)
  expect(await findRunMetrics(root)).toEqual([{ run: run.name, url: serving.url }])

  const killed = createRun(root, 'synthetic', 1_000, [])
  const other = await serveRunMetrics(
    killed,
    appsThat(() => Promise.reject(new Error('gone'))),
  )
  expect(other.url).not.toBe(serving.url)
  expect(await (await fetch(other.url)).text()).toContain(`flipstream_app_up{app="scorer",run="${killed.name}"} 0`)

  await serving.close()
  expect((await findRunMetrics(root)).map(({ run: name }) => name)).toEqual([killed.name])
  await other.close()
  expect(await findRunMetrics(root)).toEqual([])
})
