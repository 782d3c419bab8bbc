import { expect, it } from 'vitest'
import { addressesFromEnvironment } from './addresses.ts'

it('reads what is set, and only that', () => {
  expect(addressesFromEnvironment({ KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: ' http://r/ ', S3_ENDPOINT: '' })).toEqual({
    brokers: ['a:1', 'b:2'],
    registryUrl: 'http://r',
  })
  expect(addressesFromEnvironment({})).toEqual({})
})

it('takes a store with its keys, and says what is missing without them', () => {
  const store = { S3_ENDPOINT: 'http://s', S3_ACCESS_KEY: 'key' }
  expect(() => addressesFromEnvironment(store)).toThrow(/S3_ENDPOINT is set to http:\/\/s, but S3_ACCESS_KEY and S3_SECRET_KEY are not/)
  expect(addressesFromEnvironment({ ...store, S3_SECRET_KEY: 'secret' }).s3).toEqual({
    endpoint: 'http://s',
    region: 'us-east-1',
    accessKey: 'key',
    secretKey: 'secret',
  })
})
