import type { Codec } from '#lib/codec/codec.ts'
import { topicName } from '#lib/market/topics.ts'
import { manifestKey, type SealedBundle, saveBundle } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Log } from '#lib/stream/log.ts'
import type { ModelAnnounced } from '#schemas/types.ts'
import { type DatasetIdentity, datasetKey } from './sales/training-sales.ts'

/** The list of archived objects that a model learnt from, under the data set's id; of a file there is none. */
export async function saveDataset(store: ObjectStore, { id, document }: DatasetIdentity): Promise<void> {
  if (document !== null) await store.putIfAbsent(datasetKey(id), Buffer.from(document), { contentType: 'application/json' })
}

export type Publishing = Readonly<{ log: Log; codec: Codec; store: ObjectStore; prefix: string }>

/**
 * Weights, then manifest, then the word on topic `models`: whoever hears of a model finds it whole. It prices nothing until it is
 * promoted, which is an event of the market. Doing it again is fine. Errors are those of store, registry and log.
 */
export async function publishModel({ log, codec, store, prefix }: Publishing, bundle: SealedBundle): Promise<ModelAnnounced> {
  const { modelId, sha256, manifest } = bundle
  const announcement: ModelAnnounced = {
    modelId,
    uri: manifestKey(modelId),
    sha256,
    featureSetHash: manifest.featureSet.hash,
    source: manifest.source,
    trainedFrom: manifest.trainedFrom,
    trainedUntil: manifest.trainedUntil,
    metrics: manifest.metrics,
  }
  await codec.prepare(['ModelAnnounced'])
  await saveBundle(store, bundle)
  const producer = log.producer()
  try {
    const value = codec.encode('ModelAnnounced', announcement)
    await producer.send([{ topic: topicName(prefix, 'models'), key: modelId, value }])
  } finally {
    await producer.close()
  }
  return announcement
}
