import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Letter, readLetters } from '#app/cli/dlq/letters.ts'
import { redrive } from '#app/cli/dlq/redrive.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { topicName } from '#lib/market/topics.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { Processor } from '#lib/stream/processor.ts'
import { redrivenHeaders } from '#lib/stream/redriven.ts'
import { createRunner, type Runner } from '#lib/stream/runtime/runner.ts'

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 30_000, interval: 20 })
const all = () => true

/** What redriving promises, on any log: two groups read `market.events`, and one of them refuses some of it. */
export function describeRedrive(
  adapter: string,
  open: () => Promise<Readonly<{ log: Log; prefix(): string; close(): Promise<void> }>>,
): void {
  describe(`redrive: ${adapter}`, () => {
    let log: Log
    let close: () => Promise<void>
    let newPrefix: () => string
    let prefix: string
    beforeAll(async () => {
      ;({ log, prefix: newPrefix, close } = await open())
    })
    afterAll(() => close())

    let runners: Runner[]
    beforeEach(async () => {
      prefix = newPrefix()
      runners = []
      const admin = log.admin()
      const names = ['market.events', 'listings.enriched', 'alerts', 'dead-letters'] as const
      await admin.createTopics(names.map((topic) => ({ topic: topicName(prefix, topic), partitions: 2 })))
      await admin.close()
      return async () => {
        for (const runner of runners) await runner.stop()
      }
    })

    /** Refuses values that begin with `bad` for as long as `accepts` says no; writes the rest on. */
    async function startReader(name: string, output: 'listings.enriched' | 'alerts', accepts: () => boolean): Promise<void> {
      const processor: Processor<string, string, unknown> = {
        initial: () => null,
        process: (batch) =>
          batch.map(({ value }) =>
            value.startsWith('bad') && !accepts()
              ? { type: 'reject', code: 'bad_price', message: `${value} is bad` }
              : { type: 'emit', outputs: [{ topic: topicName(prefix, output), key: 'k', value }] },
          ),
      }
      const runner = createRunner<string, string, unknown>({
        name,
        log,
        clock: systemClock,
        logger: pino({ level: 'silent' }),
        group: `${prefix}${name}`,
        input: { topic: topicName(prefix, 'market.events'), decode: String },
        processor,
        encode: ({ value }) => Buffer.from(value),
        deadLetters: topicName(prefix, 'dead-letters'),
        guarantee: 'exactly_once',
      })
      runners.push(runner)
      await runner.start()
    }

    const send = async (...values: string[]) => {
      const producer = log.producer()
      await producer.send(values.map((value) => ({ topic: topicName(prefix, 'market.events'), key: value, value: Buffer.from(value) })))
      await producer.close()
    }
    const read = async (topic: 'market.events' | 'listings.enriched' | 'alerts'): Promise<LogRecord[]> => {
      const records: LogRecord[] = []
      const follower = await log.follow([topicName(prefix, topic)], (more) => void records.push(...more))
      await follower.caughtUp
      await follower.stop()
      return records
    }
    const texts = async (topic: 'listings.enriched' | 'alerts') => (await read(topic)).map(({ value }) => String(value)).sort()
    const sendBack = (isWanted: (letter: Letter) => boolean, options: Partial<Parameters<typeof redrive>[0]> = {}) =>
      redrive({ log, prefix, isWanted, limit: 1_000, dryRun: false, ...options })

    it('gives each record to the group that refused it, once, and the other group skips it', async () => {
      let mended = false
      await startReader('enricher', 'listings.enriched', () => mended)
      await startReader('ledger', 'alerts', () => true)
      await send('a', 'bad b', 'bad c', 'd')
      await until(async () => expect((await readLetters(log, prefix, all)).length).toBe(2))
      await until(async () => expect(await texts('alerts')).toEqual(['a', 'bad b', 'bad c', 'd']))
      mended = true
      expect((await sendBack(all, { dryRun: true })).length).toBe(2)
      expect((await readLetters(log, prefix, all)).map(({ redriven }) => redriven)).toEqual([false, false])
      // Two people press the button at once: one fences the other, or finds nothing left.
      const outcomes = await Promise.allSettled([sendBack(all), sendBack(all)])
      expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
      expect(await sendBack(all)).toEqual([])
      await until(async () => expect(await texts('listings.enriched')).toEqual(['a', 'bad b', 'bad c', 'd']))
      await send('e')
      await until(async () => expect(await texts('alerts')).toEqual(['a', 'bad b', 'bad c', 'd', 'e']))
      expect((await readLetters(log, prefix, all)).map(({ redriven }) => redriven)).toEqual([true, true])
    })

    it('keeps the story in the headers, the partition and the key; refused again, the attempt counts on', async () => {
      await startReader('enricher', 'listings.enriched', () => false)
      await send('bad b')
      await until(async () => expect((await readLetters(log, prefix, all)).length).toBe(1))
      const [first] = await readLetters(log, prefix, all)
      await sendBack(all)
      await until(async () => expect((await readLetters(log, prefix, all)).length).toBe(2))
      const [original, again] = await read('market.events')
      expect(again).toMatchObject({ partition: original!.partition, key: 'bad b', value: Buffer.from('bad b') })
      expect(again!.headers).toMatchObject({
        [redrivenHeaders.for]: 'enricher',
        [redrivenHeaders.from]: first!.id,
        [deadLetterHeaders.offset]: String(original!.offset),
        [deadLetterHeaders.code]: 'bad_price',
      })
      const [, second] = await readLetters(log, prefix, all)
      expect(second).toMatchObject({ attempt: 2, redriven: false, app: 'enricher', topic: 'market.events' })
    })

    it('sends only what is wanted, the oldest first, and says why something stays', async () => {
      const producer = log.producer()
      const letter = (topic: string, more: Record<string, string> = {}) => ({
        topic: topicName(prefix, 'dead-letters'),
        key: 'k',
        value: Buffer.from('x'),
        headers: {
          [deadLetterHeaders.app]: 'enricher',
          [deadLetterHeaders.topic]: topic,
          [deadLetterHeaders.partition]: '0',
          [deadLetterHeaders.code]: 'bad_price',
          ...more,
        },
      })
      const events = topicName(prefix, 'market.events')
      await producer.send([
        letter('marketplace'),
        letter(events, { [deadLetterHeaders.truncated]: 'true', [deadLetterHeaders.size]: '5000000' }),
        letter(events, { [deadLetterHeaders.partition]: '7' }),
        letter(events),
        letter(events, { [deadLetterHeaders.code]: 'other' }),
      ])
      await producer.close()
      const candidates = await sendBack(({ code }) => code === 'bad_price')
      expect(candidates.map(({ obstacle }) => obstacle)).toEqual([
        expect.stringContaining('no topic of ours'),
        expect.stringContaining('5000000 bytes was cut'),
        expect.stringContaining('partition 7 of market.events does not exist'),
        null,
      ])
      expect((await read('market.events')).length).toBe(1)
      expect((await sendBack(all, { limit: 1 })).length).toBe(1)
    })
  })
}
