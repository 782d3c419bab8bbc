import {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
} from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { FatalError, FencedError, RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { streamError } from './kafkajs-errors.ts'

const protocol = (type: string, code: number, retriable = false) =>
  new KafkaJSProtocolError(Object.assign(new Error(`the broker says ${type}`), { type, code, retriable }))
const refused = new KafkaJSConnectionError('Connection error: connect ECONNREFUSED', { broker: 'kafka-1:9092', code: 'ECONNREFUSED' })

describe('an error of kafkajs', () => {
  it.each([
    ['no broker there', refused, RetryableError],
    ['retries used up', new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 8, retryTime: 1_000 }), RetryableError],
    ['a request without answer', new KafkaJSRequestTimeoutError('Request Fetch timed out', {} as never), RetryableError],
    ['a broker asked before it is connected again', new Error('Broker not connected'), RetryableError],
    ['a leader that moved', protocol('NOT_LEADER_FOR_PARTITION', 6, true), RetryableError],
    ['a transaction under way', protocol('CONCURRENT_TRANSACTIONS', 51, true), RetryableError],
    ['sequence numbers out of step', protocol('OUT_OF_ORDER_SEQUENCE_NUMBER', 45), RetryableError],
    ['a transactional id that expired', protocol('INVALID_PRODUCER_ID_MAPPING', 49), RetryableError],
    ['an unexpected failure of the broker', protocol('UNKNOWN', -1), RetryableError],
    ['a transaction to be aborted, by a code kafkajs does not know', protocol('KAFKAJS_UNKNOWN_ERROR_CODE', 120), RetryableError],
    ['a newer producer', protocol('INVALID_PRODUCER_EPOCH', 47), FencedError],
    ['a newer producer, by a code kafkajs does not know', protocol('KAFKAJS_UNKNOWN_ERROR_CODE', 90), FencedError],
    ['a group that goes on without us', protocol('UNKNOWN_MEMBER_ID', 25), FencedError],
    [
      'an old generation, wrapped',
      Object.assign(new KafkaJSNonRetriableError('wrapped'), { cause: protocol('ILLEGAL_GENERATION', 22) }),
      FencedError,
    ],
    ['a topic we may not write', protocol('TOPIC_AUTHORIZATION_FAILED', 29), FatalError],
    ['a record beyond max.message.bytes', protocol('MESSAGE_TOO_LARGE', 10), FatalError],
    ['a code nobody knows', protocol('KAFKAJS_UNKNOWN_ERROR_CODE', 999), FatalError],
    ['a bug', new TypeError('x is not a function'), FatalError],
    ['no error at all', 'text', FatalError],
  ])('%s', (_, error, reaction) => {
    expect(streamError(error, 'sending')).toBeInstanceOf(reaction)
  })

  it('names what was being done and the broker, and keeps its cause', () => {
    const error = streamError(
      new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 8, retryTime: 1_000 }),
      'reading offsets of topic t',
    )
    expect(error.message).toBe('reading offsets of topic t: Connection error: connect ECONNREFUSED (broker kafka-1:9092)')
    expect(error.cause).toBeInstanceOf(KafkaJSError)
  })

  it('of several errors in one says what the first says', () => {
    const several = Object.assign(new Error('Topic creation errors'), { errors: [protocol('TOPIC_AUTHORIZATION_FAILED', 29)] })
    const error = streamError(several, 'creating topics', { TOPIC: 'Create on topics a, b' })
    expect(error).toBeInstanceOf(FatalError)
    expect(error.message).toMatch(/^creating topics: .*TOPIC_AUTHORIZATION_FAILED.* it needs Create on topics a, b$/)
  })

  it('of a refusal says which right is missing, where Kafka itself does not', () => {
    const rights = { TOPIC: 'Write on topic alerts', GROUP: 'Read on group alerter' }
    const error = streamError(protocol('TOPIC_AUTHORIZATION_FAILED', 29), 'producer x', rights)
    expect(error).toBeInstanceOf(FatalError)
    expect(error.message).toMatch(/^producer x: .*lacks a right \(an ACL\): it needs Write on topic alerts$/)
    expect(streamError(protocol('LEADER_NOT_AVAILABLE', 5, true), 'producer x', rights).message).not.toMatch(/right/)
  })

  it('that is ours already stays what it is', () => {
    for (const error of [new RetryableError('r'), new FencedError('f'), new FatalError('x'), new RejectedError('no_value', 'm')])
      expect(streamError(error, 'anything')).toBe(error)
  })
})
