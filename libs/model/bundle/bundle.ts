import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Heads, restoreHeads, storeHeads } from '#lib/model/heads/heads.ts'
import { type ItemEffects, restoreItemEffects, storeItemEffects } from '#lib/model/item/item-effects.ts'
import type { PriceModel } from '#lib/model/price-model.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Source } from '#schemas/types.ts'
import { familyOf } from './families.ts'
import { openModel, restoreModel, storeModel, type TrainedModel } from './trained-model.ts'

/**
 * A trained model as it lies in an object store: `models/<modelId>/` holds the weights, then (written last, so that a bundle without
 * one never was complete) `manifest.json`. The id is made of the manifest's hash and the manifest names the hash of every other file,
 * so a bundle cannot change under its id. No time of making is in it: the same data, seed and backend give the same id.
 */
export type BundleManifest = Readonly<{
  format: typeof bundleFormat
  /** Its family: see families.ts. */
  kind: string
  featureSet: Readonly<{ name: string; hash: string }>
  /** Where the sales it learnt from come from. A live pipeline refuses all but `live`. */
  source: Source
  dataset: Readonly<{ id: string; rows: number }>
  /** Time of the oldest and of the newest sale that any block holds, milliseconds. */
  trainedFrom: number
  trainedUntil: number
  metrics: Readonly<Record<string, number>>
  /** How it was made: settings, blocks, backend, versions. For people; nothing depends on it. */
  training: Readonly<Record<string, unknown>>
  /** All of the model but its weights; what is in it depends on `kind`. */
  model: unknown
  /** All of the item model but its trees; null where the feature set does without. */
  itemModel: unknown
  /** All of the heads but their trees; absent of a model without, as all were before there were any. */
  heads?: unknown
  files: readonly Readonly<{ name: string; bytes: number; sha256: string }>[]
}>

/** A bundle in memory, ready to be written. */
export type SealedBundle = Readonly<{
  modelId: string
  /** Hash of the manifest's bytes, hexadecimal. */
  sha256: string
  manifest: BundleManifest
  manifestBytes: Buffer
  files: ReadonlyMap<string, Buffer>
}>

export type BundleErrorCode = 'model_missing' | 'model_corrupt' | 'model_unsupported'

/** This bundle cannot be used, now or later. The message names it and says what is wrong. */
export class BundleError extends Error {
  override readonly name = 'BundleError'
  readonly code: BundleErrorCode
  constructor(code: BundleErrorCode, modelId: string, problem: string) {
    super(`model ${modelId}: ${problem}`)
    this.code = code
  }
}

const bundleFormat = 'flipstream-model-2'
const weightsName = 'weights.bin'
const itemModelName = 'item-model.bin'
const headsName = 'heads.bin'
const manifestName = 'manifest.json'
const idDigits = 16

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export const bundleKey = (modelId: string, file: string): string => `models/${modelId}/${file}`

/** Key of the manifest in the object store: what topic `models` announces as the model's address. */
export const manifestKey = (modelId: string): string => bundleKey(modelId, manifestName)

const modelIdOf = (kind: string, manifestBytes: Buffer): string => `${kind}-${sha256Of(manifestBytes).slice(0, idDigits)}`

export type BundleContent = Omit<BundleManifest, 'format' | 'kind' | 'model' | 'itemModel' | 'heads' | 'files'>

export function sealBundle(model: TrainedModel, content: BundleContent, itemEffects: ItemEffects | null = null): SealedBundle {
  const { definition, weights } = storeModel(model)
  const itemModel = itemEffects === null ? null : storeItemEffects(itemEffects)
  const heads = model.heads === null ? null : storeHeads(model.heads)
  const files = new Map([[weightsName, weights]])
  if (itemModel !== null) files.set(itemModelName, itemModel.weights)
  if (heads !== null) files.set(headsName, heads.weights)
  const manifest: BundleManifest = {
    format: bundleFormat,
    kind: model.kind,
    ...content,
    model: definition,
    itemModel: itemModel?.definition ?? null,
    ...(heads === null ? {} : { heads: heads.definition }),
    files: [...files].map(([name, content]) => ({ name, bytes: content.length, sha256: sha256Of(content) })),
  }
  const manifestBytes = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)
  return {
    modelId: modelIdOf(model.kind, manifestBytes),
    sha256: sha256Of(manifestBytes),
    manifest,
    manifestBytes,
    files,
  }
}

/** Weights first, manifest last. Writing the same bundle again is fine. Errors are the store's. */
export async function saveBundle(store: ObjectStore, bundle: SealedBundle): Promise<void> {
  for (const { name, sha256 } of bundle.manifest.files) {
    await store.putIfAbsent(bundleKey(bundle.modelId, name), bundle.files.get(name) as Buffer, { sha256 })
  }
  await store.putIfAbsent(manifestKey(bundle.modelId), bundle.manifestBytes, { contentType: 'application/json', sha256: bundle.sha256 })
}

/**
 * Reads a bundle whole and checks every hash. Throws BundleError where it is missing, damaged or of a format this code does not know;
 * the store's errors as they are.
 */
export async function readBundle(store: ObjectStore, modelId: string): Promise<SealedBundle> {
  const manifestBytes = await store.get(manifestKey(modelId))
  const manifest = parseManifest(modelId, manifestBytes)
  const files = new Map<string, Buffer>()
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = await store.get(bundleKey(modelId, name))
    if (content === null) throw new BundleError('model_missing', modelId, `its manifest names ${name}, which is not in the object store`)
    if (sha256Of(content) !== sha256) {
      const found = `found ${content.length} bytes of sha256 ${sha256Of(content)}`
      throw new BundleError('model_corrupt', modelId, `${name} is damaged: expected ${bytes} bytes of sha256 ${sha256}, ${found}`)
    }
    files.set(name, content)
  }
  const bytes = manifestBytes as Buffer
  return { modelId, sha256: sha256Of(bytes), manifest, manifestBytes: bytes, files }
}

/** Makes a model that can be asked; a network goes to the tfjs backend (start it first). Throws BundleError where its parts do not fit together. */
export function openBundle({ modelId, manifest, files }: SealedBundle): PriceModel {
  const weights = files.get(weightsName)
  if (weights === undefined) throw new BundleError('model_corrupt', modelId, `its manifest names no ${weightsName}`)
  if (familyOf(manifest.kind) === undefined) {
    throw new BundleError('model_unsupported', modelId, `this version knows no models of kind ${manifest.kind}`)
  }
  try {
    const heads = openHeads(modelId, manifest, files)
    return openModel({ ...restoreModel(manifest.kind, { definition: manifest.model, weights }), heads })
  } catch (error) {
    throw new BundleError('model_corrupt', modelId, (error as Error).message)
  }
}

function openHeads(modelId: string, { heads }: BundleManifest, files: SealedBundle['files']): Heads | null {
  if (heads === undefined) return null
  const weights = files.get(headsName)
  if (weights === undefined) throw new BundleError('model_corrupt', modelId, `its manifest names no ${headsName}`)
  return restoreHeads({ definition: heads, weights })
}

/** What its promotion brings to the fold; null of a model that does without. Throws BundleError where its parts do not fit together. */
export function openItemModel({ modelId, manifest, files }: SealedBundle): ItemEffects | null {
  if (manifest.itemModel === null) return null
  const weights = files.get(itemModelName)
  if (weights === undefined) throw new BundleError('model_corrupt', modelId, `its manifest names no ${itemModelName}`)
  try {
    return restoreItemEffects({ definition: manifest.itemModel, weights })
  } catch (error) {
    throw new BundleError('model_corrupt', modelId, (error as Error).message)
  }
}

const manifestSchema = z.object({
  format: z.literal(bundleFormat),
  kind: z.string(),
  featureSet: z.object({ name: z.string(), hash: z.string() }),
  source: z.enum(['live', 'recorded', 'synthetic']),
  dataset: z.object({ id: z.string(), rows: z.number() }),
  trainedFrom: z.number(),
  trainedUntil: z.number(),
  metrics: z.record(z.string(), z.number()),
  training: z.record(z.string(), z.unknown()),
  model: z.unknown(),
  itemModel: z.unknown().transform((value) => value ?? null),
  heads: z.unknown().optional(),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
})

function parseManifest(modelId: string, bytes: Buffer | null): BundleManifest {
  if (bytes === null) {
    throw new BundleError('model_missing', modelId, `the object store has no ${manifestKey(modelId)}: publish it again, or promote another`)
  }
  const found = modelIdOf(modelId.slice(0, modelId.lastIndexOf('-')), bytes)
  if (found !== modelId) throw new BundleError('model_corrupt', modelId, `its manifest is damaged: it hashes to ${found}`)
  const parsed = manifestSchema.safeParse(JSON.parse(bytes.toString()))
  if (parsed.success) return parsed.data
  throw new BundleError('model_unsupported', modelId, `expected a manifest of ${bundleFormat}: ${z.prettifyError(parsed.error)}`)
}
