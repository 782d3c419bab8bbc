import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestsOf } from './kafkajs-producers.ts'
import type { NewRecord } from './log.ts'

const zeros = Buffer.alloc(400_000)
const records: fc.Arbitrary<NewRecord[]> = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'b', 'c'),
    key: fc.string({ maxLength: 5 }),
    value: fc.integer({ min: 0, max: 400_000 }).map((size) => zeros.subarray(0, size)),
  }),
  { maxLength: 12 },
)

describe('requests of a transaction', () => {
  it('hold every record once, those of a topic in order, none beyond what a broker takes', () => {
    fc.assert(
      fc.property(records, (given) => {
        const requests = [...requestsOf(given)].map(({ topicMessages }) => topicMessages ?? [])
        for (const topic of ['a', 'b', 'c']) {
          const sent = requests.flatMap((request) => request.filter((each) => each.topic === topic).flatMap(({ messages }) => messages))
          const wanted = given.filter((record) => record.topic === topic)
          expect(sent.map(({ key }) => key)).toEqual(wanted.map(({ key }) => key))
          expect(sent.every(({ value }, index) => value === wanted[index]!.value)).toBe(true)
        }
        for (const request of requests) {
          const bytes = request.flatMap(({ messages }) => messages).reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
          expect(bytes).toBeLessThanOrEqual(1_000_000)
          expect(request.length).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('are none for no records', () => {
    expect([...requestsOf([])]).toEqual([])
  })

  it('let a large record travel alone', () => {
    const small = { topic: 'a', key: 'k', value: Buffer.alloc(10) }
    const large = { topic: 'a', key: 'k', value: Buffer.alloc(5_000_000) }
    expect([...requestsOf([small, large, small])]).toHaveLength(3)
  })
})
