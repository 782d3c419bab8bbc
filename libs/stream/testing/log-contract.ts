import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import type { Consumer, ConsumerOptions, FetchedBatch, HeaderBytes, Log, LogRecord, NewRecord, TopicPartition } from '#lib/stream/log.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'

/** A log to test: `log` and `other` are two clients of the same log, as two processes would have. Names are made unique by `name`. */
export type LogUnderTest = Readonly<{
  log: Log
  other: Log
  name(stem: string): string
  /** As retention does, to partition 0 of the topic. */
  deleteRecords(topic: string, before: number): Promise<void>
  close(): Promise<void>
}>

/** What every adapter of the log port must do. */
export function describeLog(adapter: string, open: () => Promise<LogUnderTest>): void {
  describe(`log: ${adapter}`, () => {
    let log: Log
    let other: Log
    let name: (stem: string) => string
    let deleteRecords: LogUnderTest['deleteRecords']
    let close: () => Promise<void>
    beforeAll(async () => {
      ;({ log, other, name, deleteRecords, close } = await open())
    })
    afterAll(() => close())

    const createTopic = async (stem: string, partitions = 1): Promise<string> => {
      const topic = name(stem)
      const admin = log.admin()
      await admin.createTopics([{ topic, partitions }])
      await admin.close()
      return topic
    }

    const record = (topic: string, key: string, value = key): NewRecord => ({ topic, key, value: Buffer.from(value) })
    const texts = (records: readonly LogRecord[]) => records.map(({ value }) => String(value))

    const send = async (records: readonly NewRecord[]) => {
      const producer = log.producer()
      await producer.send(records)
      await producer.close()
    }

    /** A consumer that keeps what it is handed, and its batches. */
    const collect = async (client: Log, options: Pick<ConsumerOptions, 'group' | 'topics'> & Partial<ConsumerOptions>) => {
      const records: LogRecord[] = []
      const batches: FetchedBatch[] = []
      const assignments: { partitions: readonly TopicPartition[]; epoch: number }[] = []
      const consumer = client.consumer({ from: 'earliest', ...options })
      await consumer.start(
        async (batch) => {
          batches.push(batch)
          records.push(...batch.records)
        },
        (partitions, epoch) => assignments.push({ partitions, epoch }),
      )
      return { consumer, records, batches, assignments }
    }

    const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 20_000, interval: 5 })

    /** Everything a read-committed reader sees of a topic, by partition and in order. */
    /** What is visible now. A transaction's records become so partition by partition, a moment after its commit was answered. */
    const read = async (topic: string): Promise<LogRecord[]> => {
      const records: LogRecord[] = []
      const follower = await log.follow([topic], (more) => void records.push(...more))
      await follower.caughtUp
      await follower.stop()
      return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
    }

    describe('topics', () => {
      it('are created once, and left alone when they exist', async () => {
        const admin = log.admin()
        const topic = name('created')
        await admin.createTopics([{ topic, partitions: 3 }])
        await admin.createTopics([{ topic, partitions: 5 }])
        expect(await admin.partitionCount(topic)).toBe(3)
        expect(await admin.listTopics()).toContain(topic)
        expect(await admin.offsets(topic)).toEqual([0, 1, 2].map((partition) => ({ partition, first: 0, next: 0 })))
        await admin.deleteTopics([topic])
        await until(async () => expect(await admin.listTopics()).not.toContain(topic))
        await admin.close()
      })

      it('are described as they were made, without those that are not there', async () => {
        const admin = log.admin()
        const topic = name('described')
        const config = { 'cleanup.policy': 'compact', 'max.message.bytes': '2000000' }
        await admin.createTopics([{ topic, partitions: 2, replicas: 1, config }])
        const [described, ...others] = await admin.describeTopics([topic, name('nowhere')])
        expect(described).toMatchObject({ topic, partitions: 2, replicas: 1, config })
        expect(others).toEqual([])
        await admin.close()
      })

      it('that do not exist are worth waiting for', async () => {
        const admin = log.admin()
        await expect(admin.partitionCount(name('nowhere'))).rejects.toThrow(RetryableError)
        await admin.close()
        const producer = log.producer()
        await expect(producer.send([record(name('nowhere'), 'a')])).rejects.toThrow(RetryableError)
        await producer.close()
      })
    })

    describe('records', () => {
      it('come back as they were written, in order, each in the partition of its key', async () => {
        const topic = await createTopic('records', 4)
        const keys = Array.from({ length: 40 }, (_, index) => `axie:${index}`)
        await send(keys.map((key) => record(topic, key)))
        const { consumer, records } = await collect(log, { group: name('records'), topics: [topic] })
        await until(() => expect(records).toHaveLength(40))
        await consumer.stop()
        for (const { key, value, partition, timestamp } of records) {
          expect(String(value)).toBe(key)
          expect(partition).toBe(partitionOfKey(key!, 4))
          expect(timestamp).toBeGreaterThan(0)
        }
        for (const partition of [0, 1, 2, 3]) {
          const offsets = records.filter((found) => found.partition === partition).map(({ offset }) => offset)
          expect(offsets).toEqual(offsets.map((_, index) => index))
        }
      })

      it('keep headers, empty values and bytes that are no text', async () => {
        const topic = await createTopic('bytes')
        const every = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
        await send([
          { topic, key: 'all bytes', value: every, headers: { 'collected-at': '1', 'a b': 'ü' } },
          { topic, key: 'none', value: null },
          { topic, key: '', value: Buffer.alloc(0) },
        ])
        const [all, none, empty] = await read(topic)
        expect(all).toMatchObject({ key: 'all bytes', value: every, headers: { 'collected-at': '1', 'a b': 'ü' } })
        expect(none).toMatchObject({ key: 'none', value: null, headers: {} })
        expect(empty).toMatchObject({ key: '', value: Buffer.alloc(0) })
      })

      it('keep a key and headers that are no text, repeat or have no value, beside the text', async () => {
        const topic = await createTopic('raw', 3)
        const key = Buffer.from([0xff, 0x00, 0xfe])
        const headers: HeaderBytes[] = [
          ['a', Buffer.from('1')],
          ['none', null],
          ['a', Buffer.from([0xc3])],
        ]
        await send([
          { topic, key: '', value: Buffer.from('key'), headers: { plain: 'yes' }, raw: { key } },
          { topic, key: 'text', value: Buffer.from('headers'), raw: { headers } },
        ])
        const records = await read(topic)
        const [withKey, withHeaders] = ['key', 'headers'].map((text) => records.find(({ value }) => String(value) === text)!)
        expect(withKey).toMatchObject({ key: key.toString(), headers: { plain: 'yes' }, raw: { key } })
        expect(withKey!.partition).toBe(partitionOfKey(key, 3))
        expect(withHeaders).toMatchObject({ key: 'text', headers: { a: '\ufffd', none: 'null' }, raw: { headers } })
      })

      it('go where they are told when a partition is named', async () => {
        const topic = await createTopic('told', 3)
        await send([0, 1, 2].map((partition) => ({ ...record(topic, 'same key'), partition })))
        expect((await read(topic)).map(({ partition }) => partition)).toEqual([0, 1, 2])
      })

      it('all arrive, once, when a producer is used from several places at once from its first moment on', async () => {
        const topic = await createTopic('at-once', 3)
        const keys = Array.from({ length: 30 }, (_, index) => `axie:${index}`)
        const producer = log.producer()
        await Promise.all(keys.map((key) => producer.send([record(topic, key)])))
        await producer.close()
        expect(texts(await read(topic)).sort()).toEqual([...keys].sort())
      })
    })

    describe('a consumer', () => {
      it('is handed batches without a gap between them', async () => {
        const topic = await createTopic('gapless')
        const producer = log.transactionalProducer(name('gapless'))
        await producer.fence()
        const { consumer, records, batches } = await collect(log, { group: name('gapless'), topics: [topic] })
        for (let index = 0; index < 5; index++) {
          await producer.commitTransaction({ records: [record(topic, `${index}`)] })
          await until(() => expect(records).toHaveLength(index + 1))
        }
        await producer.close()
        await consumer.stop()
        expect(batches[0]!.position).toBe(0)
        for (const [index, batch] of batches.entries()) {
          if (index > 0) expect(batch.position).toBe(batches[index - 1]!.nextOffset)
          expect(batch.nextOffset).toBeGreaterThan(batch.records.at(-1)!.offset)
        }
      })

      it('goes on where its group committed, and finds what was remembered there', async () => {
        const topic = await createTopic('committed')
        const group = name('committed')
        await send(['a', 'b', 'c'].map((key) => record(topic, key)))
        const first = await collect(log, { group, topics: [topic] })
        await until(() => expect(first.records).toHaveLength(3))
        const partition = { topic, partition: 0 }
        const admin = log.admin()
        expect(await admin.committed(group, partition)).toBeNull()
        await first.consumer.commit(partition, { offset: 2, metadata: '{"restoreFrom":1}' })
        await first.consumer.stop()
        expect(await admin.committed(group, partition)).toEqual({ offset: 2, metadata: '{"restoreFrom":1}' })
        const second = await collect(other, { group, topics: [topic] })
        await until(() => expect(texts(second.records)).toEqual(['c']))
        await second.consumer.stop()
        expect(await admin.listGroups()).toContain(group)
        await admin.deleteGroups([group])
        expect(await admin.listGroups()).not.toContain(group)
        expect(await admin.committed(group, partition)).toBeNull()
        await admin.close()
      })

      it('is told when its topic was made anew since it committed there', async () => {
        const topic = await createTopic('anew')
        const group = name('anew')
        const partition = { topic, partition: 0 }
        const admin = log.admin()
        expect(await admin.madeAnew(group, partition)).toBe(false)
        await send(['a', 'b'].map((key) => record(topic, key)))
        const { consumer } = await collect(log, { group, topics: [topic] })
        await consumer.commit(partition, { offset: 1, metadata: '' })
        await consumer.stop()
        expect(await admin.madeAnew(group, partition)).toBe(false)
        expect(await admin.committed(group, partition)).toEqual({ offset: 1, metadata: '' })
        await admin.deleteTopics([topic])
        await until(async () => expect(await admin.listTopics()).not.toContain(topic))
        await createTopic('anew')
        await send(['c', 'd', 'e'].map((key) => record(topic, key)))
        await until(async () => expect(await admin.madeAnew(group, partition)).toBe(true))
        await admin.close()
      })

      it('commits as soon as it has started', async () => {
        const topic = await createTopic('at-once')
        const group = name('at-once')
        const { consumer } = await collect(log, { group, topics: [topic] })
        await consumer.commit({ topic, partition: 0 }, { offset: 0, metadata: 'here' })
        const admin = log.admin()
        expect(await admin.committed(group, { topic, partition: 0 })).toEqual({ offset: 0, metadata: 'here' })
        await admin.close()
        await consumer.stop()
      })

      it('begins at the end where it is told to', async () => {
        const topic = await createTopic('latest')
        await send([record(topic, 'old')])
        const { consumer, records } = await collect(log, { group: name('latest'), topics: [topic], from: 'latest' })
        await until(async () => {
          await send([record(topic, 'new')])
          expect(records.length).toBeGreaterThan(0)
        })
        await consumer.stop()
        expect(texts(records)).not.toContain('old')
      })

      it('seeks, and a batch in hand is then no longer current', async () => {
        const topic = await createTopic('seek')
        await send(['a', 'b', 'c'].map((key) => record(topic, key)))
        const consumer = log.consumer({ group: name('seek'), topics: [topic], from: 'earliest' })
        const seen: string[] = []
        const current: boolean[] = []
        await consumer.start(async (batch) => {
          seen.push(...texts(batch.records))
          if (seen.length === 3) consumer.seek(batch, 1)
          current.push(batch.isCurrent())
        })
        await until(() => expect(seen).toEqual(['a', 'b', 'c', 'b', 'c']))
        await consumer.stop()
        expect(current[0]).toBe(false)
        expect(current.at(-1)).toBe(true)
      })

      it('delivers a batch again after a RetryableError', async () => {
        const topic = await createTopic('retry')
        await send([record(topic, 'a')])
        const consumer = log.consumer({ group: name('retry'), topics: [topic], from: 'earliest' })
        const deliveries: string[][] = []
        await consumer.start(async (batch) => {
          deliveries.push(texts(batch.records))
          if (deliveries.length < 3) throw new RetryableError('the store is away')
        })
        await until(() => expect(deliveries).toHaveLength(3))
        await consumer.stop()
        await consumer.finished
        expect(deliveries).toEqual([['a'], ['a'], ['a']])
      })

      it('joins again after a FencedError, under a new epoch', async () => {
        const topic = await createTopic('rejoin')
        await send([record(topic, 'a')])
        const consumer = log.consumer({ group: name('rejoin'), topics: [topic], from: 'earliest' })
        const epochs: number[] = []
        await consumer.start(async (batch) => {
          epochs.push(batch.epoch)
          if (epochs.length === 1) throw new FencedError('somebody else took over')
        })
        await until(() => expect(epochs).toHaveLength(2))
        await consumer.stop()
        expect(epochs[1]).not.toBe(epochs[0])
      })

      it('ends with any other error', async () => {
        const topic = await createTopic('fatal')
        await send([record(topic, 'a')])
        const consumer = log.consumer({ group: name('fatal'), topics: [topic], from: 'earliest' })
        const error = new FatalError('a bug')
        await consumer.start(async () => {
          throw error
        })
        await expect(consumer.finished).rejects.toBe(error)
        await consumer.stop()
      })

      it('finishes the batch in hand before it stops', async () => {
        const topic = await createTopic('drain')
        await send([record(topic, 'a')])
        const consumer = log.consumer({ group: name('drain'), topics: [topic], from: 'earliest' })
        const steps: string[] = []
        let release = () => {}
        const released = new Promise<void>((resolve) => {
          release = resolve
        })
        await consumer.start(async (batch) => {
          steps.push('begun')
          await released
          steps.push(batch.isCurrent() ? 'current' : 'void')
        })
        await until(() => expect(steps).toEqual(['begun']))
        const stopped = consumer.stop().then(() => steps.push('stopped'))
        release()
        await stopped
        await consumer.finished
        expect(steps).toEqual(['begun', 'current', 'stopped'])
      })

      it('pauses and resumes a partition without losing it', async () => {
        const topic = await createTopic('pause')
        const { consumer, records, assignments } = await collect(log, { group: name('pause'), topics: [topic] })
        consumer.pause({ topic, partition: 0 })
        await send([record(topic, 'a')])
        const { consumer: control, records: seen } = await collect(other, { group: name('pause-control'), topics: [topic] })
        await until(() => expect(texts(seen)).toEqual(['a']))
        expect(records).toEqual([])
        consumer.resume({ topic, partition: 0 })
        await until(() => expect(texts(records)).toEqual(['a']))
        expect(assignments).toHaveLength(1)
        await control.stop()
        await consumer.stop()
      })

      it('says how much lies before it, and nothing when it has read all, marker included', async () => {
        const topic = await createTopic('lag')
        const producer = log.transactionalProducer(name('lag'))
        await producer.fence()
        await producer.commitTransaction({ records: ['a', 'b'].map((key) => record(topic, key)) })
        const { consumer, records } = await collect(log, { group: name('lag'), topics: [topic] })
        await until(() => expect(records).toHaveLength(2))
        const next = (await log.admin().offsets(topic))[0]?.next
        expect(next).toBe(3)
        await until(() => expect(consumer.lag()).toEqual([{ topic, partition: 0, records: 0, position: next }]))
        await producer.close()
        await consumer.stop()
      })
    })

    describe('retention that passes a reader', () => {
      const numbered = (topic: string, from: number, to: number) =>
        Array.from({ length: to - from }, (_, index) => record(topic, 'k', String(from + index)))

      /** Everything a group has read and committed, batch by batch. */
      const readOnce = async (group: string, topic: string, until_: number) => {
        const { consumer, batches, records } = await collect(log, { group, topics: [topic] })
        await until(() => expect(records.at(-1)?.offset).toBe(until_))
        await consumer.commit({ topic, partition: 0 }, { offset: until_ + 1, metadata: '' })
        await consumer.stop()
        return batches
      }
      const missingIn = (batches: readonly FetchedBatch[]) => batches.map(({ missing }) => missing).filter((missing) => missing !== null)

      it('while it was away is told with the first batch, and with no other', async () => {
        const topic = await createTopic('retention')
        const group = name('retention')
        await send(numbered(topic, 0, 20))
        expect(missingIn(await readOnce(group, topic, 19))).toEqual([])
        await send(numbered(topic, 20, 50))
        await deleteRecords(topic, 40)
        const batches = await readOnce(group, topic, 49)
        expect(batches[0]).toMatchObject({ position: 20, missing: { from: 20, to: 40 } })
        expect(batches[0]!.records[0]!.offset).toBe(40)
        await send(numbered(topic, 50, 60))
        expect(missingIn([...batches, ...(await readOnce(group, topic, 59))])).toEqual([{ from: 20, to: 40 }])
      })

      it('while it was paused is told, and told again where the batch has failed', async () => {
        const topic = await createTopic('retention-running')
        await send(numbered(topic, 0, 10))
        const seen: FetchedBatch[] = []
        const consumer = log.consumer({ group: name('retention-running'), topics: [topic], from: 'earliest' })
        await consumer.start(async (batch) => {
          seen.push(batch)
          if (batch.position === 0) consumer.pause(batch)
          else if (seen.length < 4) throw new RetryableError('once more')
        })
        await until(() => expect(seen).toHaveLength(1))
        await send(numbered(topic, 10, 30))
        await deleteRecords(topic, 25)
        consumer.resume({ topic, partition: 0 })
        await until(() => expect(seen.at(-1)!.records.at(-1)!.offset).toBe(29))
        await until(() => expect(seen).toHaveLength(4))
        await consumer.stop()
        // A fetch under way may have brought some of them before they were deleted.
        const missing = seen.slice(1).map((batch) => batch.missing)
        expect(missing.every((range) => range?.to === 25 && range.from >= 10)).toBe(true)
      })

      it('is no gap where only markers and aborted records lie between two batches', async () => {
        const topic = await createTopic('retention-markers')
        const group = name('retention-markers')
        const { consumer, batches, records } = await collect(log, { group, topics: [topic] })
        const producer = log.transactionalProducer(name('retention-markers'))
        await producer.fence()
        const abort = { beforeCommit: () => Promise.reject(new RetryableError('abort')) }
        for (let round = 0; round < 3; round++) {
          await producer.commitTransaction({ records: [record(topic, 'k', `${round}`)] })
          await until(() => expect(records).toHaveLength(round + 1))
          await producer.commitTransaction({ records: numbered(topic, 0, 20), ...abort }).catch(() => {})
          await producer.fence()
        }
        await consumer.stop()
        await producer.close()
        expect(missingIn(batches)).toEqual([])
      })
    })

    describe('a group', () => {
      const owners = (members: readonly { consumer: Consumer; assignments: { partitions: readonly TopicPartition[] }[] }[]) =>
        members.map(({ assignments }) => assignments.at(-1)?.partitions.map(({ partition }) => partition) ?? [])

      it('gives each partition to exactly one member, and anew when members come and go', async () => {
        const topic = await createTopic('share', 4)
        const group = name('share')
        const first = await collect(log, { group, topics: [topic] })
        expect(owners([first]).flat().sort()).toEqual([0, 1, 2, 3])
        const second = await collect(other, { group, topics: [topic] })
        await until(() => {
          const shares = owners([first, second])
          expect(shares.flat().sort()).toEqual([0, 1, 2, 3])
          expect(shares.map(({ length }) => length)).toEqual([2, 2])
        })
        expect(first.assignments.at(-1)!.epoch).not.toBe(first.assignments[0]!.epoch)
        await second.consumer.stop()
        await until(() => expect(owners([first]).flat().sort()).toEqual([0, 1, 2, 3]))
        await first.consumer.stop()
      })

      it('refuses a commit for a partition that is not the member’s', async () => {
        const topic = await createTopic('foreign', 2)
        const group = name('foreign')
        const first = await collect(log, { group, topics: [topic] })
        const second = await collect(other, { group, topics: [topic] })
        await until(() => expect(owners([first, second]).map(({ length }) => length)).toEqual([1, 1]))
        const [, theirs] = owners([first, second])
        await expect(first.consumer.commit({ topic, partition: theirs![0]! }, { offset: 1, metadata: '' })).rejects.toThrow(FencedError)
        await second.consumer.stop()
        await first.consumer.stop()
      })
    })

    describe('a transaction', () => {
      it('shows nothing before its commit, and everything after', async () => {
        const topic = await createTopic('atomic', 2)
        const { consumer, records } = await collect(other, { group: name('atomic'), topics: [topic] })
        const producer = log.transactionalProducer(name('atomic'))
        await producer.fence()
        let visibleBefore: readonly LogRecord[] = []
        await producer.commitTransaction({
          records: [0, 1].map((partition) => ({ ...record(topic, `${partition}`), partition })),
          beforeCommit: async () => {
            visibleBefore = await read(topic)
          },
        })
        await until(() => expect(texts(records).sort()).toEqual(['0', '1']))
        expect(visibleBefore).toEqual([])
        await producer.close()
        await consumer.stop()
      })

      it('commits the input’s position with its metadata, or neither', async () => {
        const topic = await createTopic('position')
        const group = name('position')
        const partition = { topic, partition: 0 }
        const producer = log.transactionalProducer(name('position'))
        const admin = log.admin()
        await producer.fence()
        const metadata = JSON.stringify({ restoreFrom: 7, carry: { modelId: 'é'.repeat(200) } })
        await producer.commitTransaction({
          records: [record(topic, 'a')],
          position: { group, partition, committed: { offset: 9, metadata } },
        })
        // The group's coordinator is told by another broker: it may take a moment.
        await until(async () => expect(await admin.committed(group, partition)).toEqual({ offset: 9, metadata }))
        const aborted = producer.commitTransaction({
          records: [record(topic, 'b')],
          position: { group, partition, committed: { offset: 10, metadata: '' } },
          beforeCommit: async () => {
            throw new RetryableError('not now')
          },
        })
        await expect(aborted).rejects.toThrow('not now')
        expect(await admin.committed(group, partition)).toEqual({ offset: 9, metadata })
        await until(async () => expect(texts(await read(topic))).toEqual(['a']))
        await producer.close()
        await admin.close()
      })

      it('may hold no record, only a position', async () => {
        const topic = await createTopic('empty')
        const group = name('empty')
        const producer = log.transactionalProducer(name('empty'))
        await producer.fence()
        const partition = { topic, partition: 0 }
        await producer.commitTransaction({ records: [], position: { group, partition, committed: { offset: 3, metadata: '' } } })
        await producer.commitTransaction({ records: [], position: { group, partition, committed: { offset: 4, metadata: '' } } })
        const admin = log.admin()
        await until(async () => expect((await admin.committed(group, partition))?.offset).toBe(4))
        await admin.close()
        await producer.close()
      })

      it('of many records and megabytes is still one', async () => {
        const topic = await createTopic('large', 2)
        const producer = log.transactionalProducer(name('large'))
        await producer.fence()
        const value = 'x'.repeat(2_000)
        const records = Array.from({ length: 2_000 }, (_, index) => ({ ...record(topic, `${index}`, value), partition: index % 2 }))
        await producer.commitTransaction({ records })
        await producer.close()
        const written = [...records.filter((_, i) => i % 2 === 0), ...records.filter((_, i) => i % 2 === 1)].map(({ key }) => key)
        await until(async () => expect((await read(topic)).map(({ key }) => key)).toEqual(written))
      })

      it('that was aborted is never seen, however aborted ones lie among committed ones', async () => {
        const topic = await createTopic('interleaved')
        const producers = ['one', 'two', 'three'].map((stem) => log.transactionalProducer(name(stem)))
        for (const producer of producers) await producer.fence()
        const [one, two, three] = producers as [(typeof producers)[0], (typeof producers)[0], (typeof producers)[0]]
        const abort = async () => {
          throw new RetryableError('aborted')
        }
        const begin = record
        // one opens first and ends last; two begins and aborts within it; three commits within it: the broker lists aborts by their end.
        await expect(
          one.commitTransaction({
            records: [begin(topic, 'one-aborted')],
            beforeCommit: async () => {
              await expect(two.commitTransaction({ records: [begin(topic, 'two-aborted')], beforeCommit: abort })).rejects.toThrow(
                'aborted',
              )
              await three.commitTransaction({ records: [begin(topic, 'three-committed')] })
              await abort()
            },
          }),
        ).rejects.toThrow('aborted')
        await one.commitTransaction({ records: [begin(topic, 'one-committed')] })
        await two.commitTransaction({ records: [begin(topic, 'two-committed')] })
        await until(async () => expect(texts(await read(topic))).toEqual(['three-committed', 'one-committed', 'two-committed']))
        for (const producer of producers) await producer.close()
      })
    })

    describe('fencing', () => {
      it('must come before the first transaction', async () => {
        const producer = log.transactionalProducer(name('unfenced'))
        await expect(producer.commitTransaction({ records: [] })).rejects.toThrow(FencedError)
        await producer.close()
      })

      it('turns the producer before away, for good', async () => {
        const topic = await createTopic('fenced')
        const zombie = log.transactionalProducer(name('fenced'))
        await zombie.fence()
        await zombie.commitTransaction({ records: [record(topic, 'before')] })
        const owner = other.transactionalProducer(name('fenced'))
        await owner.fence()
        for (let attempt = 0; attempt < 2; attempt++)
          await expect(zombie.commitTransaction({ records: [record(topic, 'zombie')] })).rejects.toThrow(FencedError)
        await owner.commitTransaction({ records: [record(topic, 'owner')] })
        await until(async () => expect(texts(await read(topic))).toEqual(['before', 'owner']))
        await owner.close()
        await zombie.close()
      })

      it('aborts the transaction it finds open, so that the position read afterwards is final', async () => {
        const topic = await createTopic('open')
        const group = name('open')
        const partition = { topic, partition: 0 }
        const zombie = log.transactionalProducer(name('open'))
        const owner = other.transactionalProducer(name('open'))
        await zombie.fence()
        const late = zombie.commitTransaction({
          records: [record(topic, 'zombie')],
          position: { group, partition, committed: { offset: 5, metadata: '' } },
          beforeCommit: () => owner.fence(),
        })
        await expect(late).rejects.toThrow(FencedError)
        const admin = log.admin()
        expect(await admin.committed(group, partition)).toBeNull()
        await owner.commitTransaction({ records: [record(topic, 'owner')] })
        await until(async () => expect(texts(await read(topic))).toEqual(['owner']))
        await admin.close()
        await owner.close()
        await zombie.close()
      })
    })

    describe('following', () => {
      it('hands over what is there, then what comes, and stops', async () => {
        const topic = await createTopic('follow', 2)
        await send(['a', 'b', 'c'].map((key) => record(topic, key)))
        const seen: string[] = []
        const follower = await log.follow([topic], (records) => void seen.push(...texts(records)))
        await follower.caughtUp
        expect(seen.sort()).toEqual(['a', 'b', 'c'])
        await send([record(topic, 'd')])
        await until(() => expect(seen).toContain('d'))
        await follower.stop()
        await follower.finished
        await send([record(topic, 'e')])
        expect((await read(topic)).length).toBe(5)
        expect(seen).not.toContain('e')
      })

      it('has caught up at once with an empty topic, and with one that ends in an aborted transaction', async () => {
        const topic = await createTopic('ends')
        expect(await read(topic)).toEqual([])
        const producer = log.transactionalProducer(name('ends'))
        await producer.fence()
        await producer.commitTransaction({ records: [record(topic, 'a')] })
        const aborted = producer.commitTransaction({
          records: [record(topic, 'b')],
          beforeCommit: async () => {
            throw new RetryableError('no')
          },
        })
        await expect(aborted).rejects.toThrow('no')
        await producer.close()
        await until(async () => expect(texts(await read(topic))).toEqual(['a']))
      })

      it('begins where it is told, in each partition', async () => {
        const topic = await createTopic('follow-tail', 2)
        await send(['a', 'b', 'c', 'd', 'e'].map((key, index) => ({ ...record(topic, key), partition: index < 3 ? 0 : 1 })))
        const seen: string[] = []
        const startAt = ({ first, next }: { first: number; next: number }) => Math.max(first, next - 1)
        const follower = await log.follow([topic], (records) => void seen.push(...texts(records)), { startAt })
        await follower.caughtUp
        expect(seen.sort()).toEqual(['c', 'e'])
        await send([{ ...record(topic, 'f'), partition: 0 }])
        await until(() => expect(seen).toContain('f'))
        await follower.stop()
        expect(seen.length).toBe(3)
      })

      it('reads one partition alone, where it is told to', async () => {
        const topic = await createTopic('follow-one', 3)
        await send(['a', 'b', 'c'].map((key, partition) => ({ ...record(topic, key), partition })))
        const seen: string[] = []
        const follower = await log.follow([topic], (records) => void seen.push(...texts(records)), { partition: 1 })
        await follower.caughtUp
        await send(['d', 'e', 'f'].map((key, partition) => ({ ...record(topic, key), partition })))
        await until(() => expect(seen).toEqual(['b', 'e']))
        await follower.stop()
        expect(seen).toEqual(['b', 'e'])
      })

      it('ends with the error of its handler', async () => {
        const topic = await createTopic('follow-error')
        await send([record(topic, 'a')])
        const error = new FatalError('cannot use this')
        const follower = await log.follow([topic], () => {
          throw error
        })
        await expect(follower.finished).rejects.toBe(error)
        await expect(follower.caughtUp).rejects.toBe(error)
        await follower.stop().catch(() => {})
      })
    })
  })
}
