import { pino } from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Fault } from '#lib/stream/memory/transactions.ts'
import { createTransactionalWriter } from './transactional-writer.ts'

describe('a transactional writer', () => {
  const logger = pino({ level: 'silent' })
  const events = 'events'
  const state = { topic: 'state', key: 'market' }
  let fault: Fault
  let log: MemoryLog
  const writerOf = () => createTransactionalWriter({ log, clock: systemClock, logger, transactionalId: 'collector', state })
  const event = (value: string) => ({ topic: events, key: 'k', value: Buffer.from(value) })
  const readEvents = async () => {
    const values: string[] = []
    const follower = await log.follow([events], (records) => void values.push(...records.map(({ value }) => String(value))))
    await follower.caughtUp
    await follower.stop()
    return values
  }

  beforeEach(async () => {
    fault = () => {}
    log = createMemoryLog({ clock: systemClock, fault: (...at) => fault(...at) })
    await log.admin().createTopics([events, state.topic].map((topic) => ({ topic, partitions: 1 })))
  })

  it('gives back the state written last, whoever wrote it', async () => {
    const first = writerOf()
    expect(await first.open()).toBeNull()
    await first.write([event('a')], Buffer.from('1'))
    await first.write([event('b'), event('c')], Buffer.from('2'))
    await log.producer().send([{ topic: state.topic, key: 'another market', value: Buffer.from('9') }])
    expect(String(await writerOf().open())).toBe('2')
    expect(await readEvents()).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['before anything was written', []],
    ['that had written', ['0']],
  ])('turns the writer before away, one %s, also when that looks again', async (_, states) => {
    const first = writerOf()
    await first.open()
    for (const value of states) await first.write([], Buffer.from(value))
    const second = writerOf()
    expect(await second.open()).toEqual(states.length === 0 ? null : Buffer.from('0'))
    await expect(first.write([event('late')], Buffer.from('1'))).rejects.toThrow(FencedError)
    await expect(first.open()).rejects.toThrow(/another collector has taken over/)
    await second.open()
    await second.write([event('in time')], Buffer.from('1'))
    expect(await readEvents()).toEqual(['in time'])
  })

  it.each(['send', 'sent', 'committed'] as const)('tells after a failure when it was %s whether the write happened', async (point) => {
    const writer = writerOf()
    await writer.open()
    await writer.write([event('a')], Buffer.from('1'))
    fault = (at) => {
      if (at === point) throw new RetryableError('no answer')
    }
    await expect(writer.write([event('b')], Buffer.from('2'))).rejects.toThrow(RetryableError)
    fault = () => {}
    const newest = String(await writer.open())
    expect(newest).toBe(point === 'committed' ? '2' : '1')
    if (newest === '1') await writer.write([event('b')], Buffer.from('2'))
    expect(await readEvents()).toEqual(['a', 'b'])
  })

  it('that was fenced by nobody goes on: its own state is the newest', async () => {
    const writer = writerOf()
    await writer.open()
    await writer.write([event('a')], Buffer.from('1'))
    fault = (at) => {
      if (at === 'send') throw new FencedError('the transaction has expired')
    }
    await expect(writer.write([event('b')], Buffer.from('2'))).rejects.toThrow(FencedError)
    fault = () => {}
    expect(String(await writer.open())).toBe('1')
    await writer.write([event('b')], Buffer.from('2'))
    expect(await readEvents()).toEqual(['a', 'b'])
  })

  it('takes over from a version that did not sign its state', async () => {
    await log.producer().send([{ ...state, value: Buffer.from('old') }])
    const writer = writerOf()
    expect(String(await writer.open())).toBe('old')
    expect(String(await writer.open())).toBe('old')
  })

  it('writes nothing unless it is open', async () => {
    const writer = writerOf()
    await expect(writer.write([event('a')], Buffer.from('1'))).rejects.toThrow(FatalError)
    await writer.open()
    await writer.close()
    await expect(writer.write([event('a')], Buffer.from('1'))).rejects.toThrow(FatalError)
  })
})
