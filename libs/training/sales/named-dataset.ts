import { z } from 'zod'
import type { Archive } from '#lib/archive/archive.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { CleansingOptions } from '#lib/validation/cleansing.ts'
import { archivedObjects } from './archived-sales.ts'
import type { ArchivedObject, Span } from './raw-sales.ts'
import { datasetKey, identityOfObjects } from './training-sales.ts'

/**
 * A data set that is fixed before it is read: the list of archived objects, stored under its own hash. Whoever is given the id reads the
 * same sales, today and after the archive has grown.
 */
export type NamedDataset = Readonly<{ id: string; span: Span; cleansing: CleansingOptions; objects: readonly ArchivedObject[] }>

/** Everything of the span that is archived now. */
export async function nameDataset(archive: Archive, span: Span, cleansing: CleansingOptions): Promise<NamedDataset> {
  const objects = await archivedObjects(archive, span)
  const { id, document } = identityOfObjects(objects, { span, cleansing })
  await archive.store.putIfAbsent(datasetKey(id), Buffer.from(document), { contentType: 'application/json' })
  return { id, span, cleansing, objects }
}

const time = z.number().nullable()
const document = z.object({
  span: z.object({ from: time, until: time, days: time }),
  cleansing: z.object({
    duplicates: z.boolean(),
    emptyClass: z.boolean(),
    minPriceUsd: time,
    maxPriceUsd: time,
    washTrades: z.boolean(),
    mostExamples: time,
    seed: z.number(),
  }),
  objects: z.array(z.object({ partition: z.number(), begin: z.number(), end: z.number(), sha256: z.string() })),
})

/** FatalError where there is no such data set in the store. */
export async function openDataset(store: ObjectStore, id: string): Promise<NamedDataset> {
  const bytes = await store.get(datasetKey(id))
  if (bytes === null) throw new FatalError(`data set ${id}: expected ${datasetKey(id)} in the object store, found none`)
  return { id, ...document.parse(JSON.parse(bytes.toString())) }
}
