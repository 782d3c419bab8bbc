import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { deadLetter, deadLetterHeaders as headers } from './dead-letter.ts'
import type { LogRecord } from './log.ts'

const record: LogRecord = {
  topic: 'market.events',
  partition: 3,
  offset: 42,
  timestamp: 1,
  key: 'axie',
  value: Buffer.from([0, 255, 1]),
  headers: { 'collected-at': '1650000000000' },
}
const options = { app: 'enricher', topic: 'dead-letters', maxRecordBytes: 100_000 }
const rejection = { code: 'unknown_part', message: 'part back-nonsense is not in the table' } as const

describe('a dead letter', () => {
  it('holds the original bytes under the original key, and says where, who and why', () => {
    expect(deadLetter(record, rejection, options)).toEqual({
      topic: 'dead-letters',
      key: 'axie',
      value: record.value,
      headers: {
        'collected-at': '1650000000000',
        'dead-letter-app': 'enricher',
        'dead-letter-topic': 'market.events',
        'dead-letter-partition': '3',
        'dead-letter-offset': '42',
        'dead-letter-code': 'unknown_part',
        'dead-letter-message': 'part back-nonsense is not in the table',
        'dead-letter-attempt': '1',
      },
    })
  })

  it('counts attempts of a record that was sent back and refused again', () => {
    const first = deadLetter(record, rejection, options)
    const again = deadLetter({ ...record, headers: first.headers! }, rejection, options)
    expect(again.headers![headers.attempt]).toBe('2')
    expect(deadLetter({ ...record, headers: { [headers.attempt]: 'nonsense' } }, rejection, options).headers![headers.attempt]).toBe('1')
  })

  it('cuts a value that would not fit, and says what it was', () => {
    const value = Buffer.alloc(5_000_000, 'x')
    const letter = deadLetter({ ...record, value }, rejection, options)
    expect(letter.value!.length).toBeLessThan(options.maxRecordBytes)
    expect(letter.value!.equals(value.subarray(0, letter.value!.length))).toBe(true)
    expect(letter.headers).toMatchObject({
      [headers.truncated]: 'true',
      [headers.size]: '5000000',
      [headers.sha256]: createHash('sha256').update(value).digest('hex'),
    })
  })

  it('fits whatever key, headers and message the record had', () => {
    const monster = {
      ...record,
      key: 'k'.repeat(1_000_000),
      value: null,
      headers: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`header-${index}`, 'v'.repeat(1_000)])),
    }
    const letter = deadLetter(monster, { code: 'no_value', message: 'm'.repeat(100_000) }, options)
    const bytes = letter.key.length + Object.entries(letter.headers!).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    expect(bytes).toBeLessThan(10_000)
    expect(letter.value).toBeNull()
  })

  it('of a record without key is found under where it came from', () => {
    expect(deadLetter({ ...record, key: null }, rejection, options).key).toBe('market.events-3-42')
  })
})
