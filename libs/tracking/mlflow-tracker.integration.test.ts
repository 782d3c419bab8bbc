import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MlflowServer, startMlflow } from '../../tests/mlflow-server.ts'
import { createMlflowTracker } from './mlflow-tracker.ts'
import { trackerContract } from './testing/tracker-contract.ts'

let server: MlflowServer
beforeAll(async () => {
  server = await startMlflow()
}, 600_000)
afterAll(() => server?.stop())

const open = (experiment: string) => createMlflowTracker({ uri: server.url, experiment, credentials: null })

trackerContract('runs on a real MLflow server', async () => ({
  tracker: open('contract of trackers'),
  async readArtifact(id, path) {
    const address = `${server.url}/get-artifact?path=${encodeURIComponent(path)}&run_uuid=${id}`
    return Buffer.from(await (await fetch(address)).arrayBuffer())
  },
}))

describe('an MLflow server', () => {
  test('two who begin an experiment at the same time share it', async () => {
    const run = { startedAt: 1, endedAt: 2, parameters: {}, metrics: {}, artifacts: [] }
    const [one, other] = [open('shared'), open('shared')]
    await Promise.all([one.record({ ...run, name: 'one' }), other.record({ ...run, name: 'other' })])
    expect((await one.list()).map(({ name }) => name).sort()).toEqual(['one', 'other'])
  })

  test('a run that was never finished does not count', async () => {
    const tracker = open('unfinished')
    const parameters = { ['name too long for MLflow '.repeat(20)]: 'x' }
    const run = { name: 'r', startedAt: 1, endedAt: 2, parameters, metrics: {}, artifacts: [] }
    await expect(tracker.record(run)).rejects.toThrow(/MLflow at .* answered runs\/log-batch with 400/)
    expect(await tracker.list()).toEqual([])
  })
})
