import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createFolderTracker } from './folder-tracker.ts'
import { trackerContract } from './testing/tracker-contract.ts'
import { flatten } from './tracker.ts'

const root = mkdtempSync(join(tmpdir(), 'flipstream-tracking-'))
afterAll(() => rmSync(root, { recursive: true }))

trackerContract('runs in a folder', async () => {
  const directory = join(root, 'runs')
  return { tracker: createFolderTracker({ directory }), readArtifact: async (id, path) => readFileSync(join(directory, id, path)) }
})

test('a run that could not be written whole leaves nothing behind, and what is no run is passed over', async () => {
  const directory = join(root, 'broken')
  const tracker = createFolderTracker({ directory })
  const artifacts = [
    { path: 'a', bytes: Buffer.from('x') },
    { path: 'a/b', bytes: Buffer.from('x') },
  ]
  const run = { name: 'r', startedAt: 0, endedAt: 1, parameters: {}, metrics: {}, artifacts }
  await expect(tracker.record(run)).rejects.toThrow()
  expect(readdirSync(directory)).toEqual([])
  mkdirSync(join(directory, 'notes'))
  writeFileSync(join(directory, 'notes', 'run.json'), '{}')
  expect(await tracker.list()).toEqual([])
})

test('nested settings become one text under each dotted name', () => {
  expect(flatten({ trees: { rounds: 600, leaves: [1, 2], note: 'a b', none: null, gone: undefined }, seed: 1 })).toEqual({
    'trees.rounds': '600',
    'trees.leaves': '[1,2]',
    'trees.note': 'a b',
    'trees.none': 'null',
    seed: '1',
  })
})
