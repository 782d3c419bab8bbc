import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createStateWriter, emptyState, readState, type StackState } from './state-file.ts'

let directory: string
let file: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flipstream-state-'))
  file = join(directory, 'below', 'state.json')
})
afterEach(() => rm(directory, { recursive: true }))

const state = (pid: number): StackState => ({
  version: 1,
  servers: { kafka: { pid, startTime: 't', ports: { broker: 9092 }, ready: true } },
})

it('gives back what was written', async () => {
  await createStateWriter(file)(state(1))
  expect(await readState(file)).toEqual(state(1))
})

it('takes an absent, corrupt, half-written or foreign file for none', async () => {
  expect(await readState(file)).toEqual(emptyState())
  await createStateWriter(file)(state(1))
  for (const content of ['', '{"version":1,"ser', '{"version":2,"servers":{}}', '[]', '{"version":1,"servers":{"kafka":{"pid":"1"}}}']) {
    await writeFile(file, content)
    expect(await readState(file)).toEqual(emptyState())
  }
})

it('keeps the last of many writes at once', async () => {
  const write = createStateWriter(file)
  await Promise.all([1, 2, 3, 4, 5].map((pid) => write(state(pid))))
  expect(await readState(file)).toEqual(state(5))
  expect(await readdir(join(directory, 'below'))).toEqual(['state.json'])
})
