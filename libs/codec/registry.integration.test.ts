import { expect, inject, test } from 'vitest'
import { randomId } from '#lib/clock/clock.ts'
import { createRegistry } from './registry.ts'

const field = (name: string, extra: object = {}) => ({ name, type: 'string', ...extra })
const schema = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Trial', namespace: 'flipstream', fields })

test('a real registry: same text, same id; text back by id; unknown id rejected', async () => {
  const registry = createRegistry({ url: inject('registryUrl') })
  const subject = `test.${randomId()}`
  const id = await registry.register(subject, schema(field('a')))
  expect(await registry.register(subject, schema(field('a')))).toBe(id)
  expect(JSON.parse(await registry.schemaById(id))).toMatchObject({ name: 'Trial' })
  await expect(registry.schemaById(2_000_000_000)).rejects.toMatchObject({ code: 'unknown_schema_id' })
})

test('a real registry refuses a schema that cannot read what any earlier version wrote', async () => {
  const registry = createRegistry({ url: inject('registryUrl') })
  const subject = `test.${randomId()}`
  await registry.register(subject, schema(field('a')))
  await registry.requireBackwardTransitive(subject)
  await registry.register(subject, schema(field('a'), field('b', { default: '' })))
  await expect(registry.register(subject, schema(field('a'), field('c')))).rejects.toThrow(/cannot read what was written/)
})

test('a registry that is away is retryable, and named', async () => {
  const registry = createRegistry({ url: 'http://127.0.0.1:9/apis', timeoutMillis: 500 })
  await expect(registry.schemaById(1)).rejects.toMatchObject({ name: 'RetryableError', message: expect.stringContaining('127.0.0.1:9') })
})
