import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTemporaryStack, type TemporaryStack } from '../../tests/temporary-stack.ts'
import type { StackAddresses } from './addresses.ts'
import { createLocalStack } from './local-stack.ts'
import { isAlive } from './processes.ts'
import { checkReachable } from './reachable.ts'

let stack: TemporaryStack
let addresses: StackAddresses
beforeAll(async () => {
  stack = await createTemporaryStack()
  addresses = await stack.start()
})
afterAll(() => stack.dispose())

it('serves on this machine only, and says what it starts and where', async () => {
  await checkReachable({ ...addresses, s3Endpoint: addresses.s3.endpoint })
  for (const address of [addresses.brokers[0], addresses.registryUrl, addresses.s3.endpoint]) expect(address).toContain('127.0.0.1:')
  expect(stack.progress).toContainEqual(expect.stringMatching(/^starting Apache Kafka 4\.1\.1 on 127\.0\.0\.1:\d+.* …$/))
  expect(stack.progress).toContainEqual(expect.stringMatching(/^Apache Kafka 4\.1\.1 serves after \d+\.\d s$/))
})

it('requires of every schema that it can read all earlier versions', async () => {
  const response = await fetch(`${addresses.registryUrl}/config`)
  expect(await response.json()).toEqual({ compatibilityLevel: 'BACKWARD_TRANSITIVE' })
})

it('is used again by the next start, and by several at once, without a word', async () => {
  const before = await stack.state()
  const said = stack.progress.length
  const others = [1, 2, 3].map(() => createLocalStack({ directory: stack.directory, env: process.env, onProgress: () => {} }))
  expect(await Promise.all(others.map((other) => other.start()))).toEqual([addresses, addresses, addresses])
  expect(await stack.reuse()).toEqual(addresses)
  expect(await stack.state()).toEqual(before)
  expect(stack.progress.length).toBe(said)
})

it('is not disturbed by a stack in another directory', async () => {
  const other = await createTemporaryStack()
  try {
    const otherAddresses = await other.start()
    expect(otherAddresses.brokers).not.toEqual(addresses.brokers)
    await other.stop()
    expect(await other.reuse()).toBeNull()
    expect(await stack.reuse()).toEqual(addresses)
  } finally {
    await other.dispose()
  }
})

it('ends every server when told to stop, and starts again where it was', async () => {
  const { servers } = await stack.state()
  expect(await stack.stop()).toEqual(['Apache Kafka 4.1.1', 'Apicurio Registry 3.0.9', 'S3Proxy 4.0.0'])
  expect(Object.values(servers).map(isAlive)).toEqual([false, false, false])
  expect(await stack.reuse()).toBeNull()
  expect(await stack.stop()).toEqual([])
  expect(await stack.start()).toEqual(addresses)
})
