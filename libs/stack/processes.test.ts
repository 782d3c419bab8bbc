import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { randomId } from '#lib/clock/clock.ts'
import { findByArgument, identify, isAlive, killProcess, type ProcessIdentity, spawnDetached, stopProcess } from './processes.ts'

let directory: string
let started: ProcessIdentity[]
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flipstream-processes-'))
  started = []
})
afterEach(async () => {
  await Promise.all(started.map(killProcess))
  await rm(directory, { recursive: true })
})

function start(script: string, ...args: string[]): ProcessIdentity {
  const identity = spawnDetached(process.execPath, ['-e', script, ...args], {
    env: process.env,
    directory,
    logFile: join(directory, 'log'),
  })
  started.push(identity)
  return identity
}

const forever = 'setInterval(() => {}, 1000)'
const log = () => readFile(join(directory, 'log'), 'utf8')

it('a process is known by its pid and its start', () => {
  const identity = start(forever)
  expect(isAlive(identity)).toBe(true)
  expect(isAlive({ ...identity, startTime: 'another' })).toBe(false)
  expect(identify(2 ** 30)).toBeNull()
})

it('stops in order where the process ends by itself', async () => {
  const identity = start(`process.on('SIGTERM', () => { console.log('bye'); process.exit() }); console.log('up'); ${forever}`)
  await vi.waitFor(async () => expect(await log()).toContain('up'), 10_000)
  await stopProcess(identity, 10_000)
  expect(isAlive(identity)).toBe(false)
  expect(await log()).toContain('bye')
})

it('makes an end to a process that does not want to', async () => {
  const identity = start(`process.on('SIGTERM', () => {}); console.log('up'); ${forever}`)
  await vi.waitFor(async () => expect(await log()).toContain('up'), 10_000)
  await stopProcess(identity, 100)
  expect(isAlive(identity)).toBe(false)
})

it('does nothing to another process that got the same pid', async () => {
  const identity = start(forever)
  await stopProcess({ ...identity, startTime: 'before' }, 100)
  expect(isAlive(identity)).toBe(true)
})

it('finds processes by an argument', () => {
  const mark = `mark-${randomId()}`
  const identity = start(forever, mark)
  expect(findByArgument((argument) => argument === mark)).toEqual([identity])
})

it('says what it cannot run', () => {
  expect(() => spawnDetached(join(directory, 'absent'), [], { env: {}, directory, logFile: join(directory, 'log') })).toThrow(/cannot run/)
})
