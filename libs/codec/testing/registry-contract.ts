import { describe, expect, it } from 'vitest'
import { randomId } from '#lib/clock/clock.ts'
import type { SchemaRegistry } from '../registry.ts'

const field = (name: string, extra: object = {}) => ({ name, type: 'string', ...extra })

/** A schema that no other run has registered, written as no parser would write it: texts must come back as they were. */
function createTrial() {
  const name = `Trial${randomId().replaceAll('-', '')}`
  return {
    subject: `test.${name}`,
    schema: (...fields: object[]) => JSON.stringify({ fields, doc: 'a trial', namespace: 'flipstream', name, type: 'record' }),
  }
}

/** What every registry must do. */
export function describeRegistry(adapter: string, open: () => Promise<SchemaRegistry>): void {
  describe(`registry: ${adapter}`, () => {
    it('gives the same text the same id, and another text another', async () => {
      const registry = await open()
      const { subject, schema } = createTrial()
      const id = await registry.register(subject, schema(field('a')))
      expect(await registry.register(subject, schema(field('a')))).toBe(id)
      expect(await registry.register(subject, schema(field('a'), field('b', { default: '' })))).not.toBe(id)
    })

    it('gives the text back to the byte, to whoever registered it and to a client that never did', async () => {
      const registry = await open()
      const { subject, schema } = createTrial()
      const id = await registry.register(subject, schema(field('a')))
      expect(await registry.schemaById(id)).toBe(schema(field('a')))
      expect(await registry.schemaById(id)).toBe(schema(field('a')))
    })

    it('rejects an id that nobody was given', async () => {
      await expect((await open()).schemaById(2_000_000_000)).rejects.toMatchObject({ name: 'RejectedError', code: 'unknown_schema_id' })
    })

    it('refuses a schema that cannot read what any earlier version wrote, and keeps on giving the earlier ones', async () => {
      const registry = await open()
      const { subject, schema } = createTrial()
      const first = await registry.register(subject, schema(field('a')))
      await registry.register(subject, schema(field('a'), field('b', { default: '' })))
      const refused = registry.register(subject, schema(field('a'), field('b', { default: '' }), field('c')))
      await expect(refused).rejects.toMatchObject({ name: 'FatalError', message: expect.stringMatching(/cannot read what was written/) })
      expect(await registry.schemaById(first)).toBe(schema(field('a')))
    })
  })
}
