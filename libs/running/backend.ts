import { join } from 'node:path'
import { systemClock } from '#lib/clock/clock.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { createFileStore } from '#lib/objectstore/file-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import type { Stack } from '#lib/stack/resolve.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log } from '#lib/stream/log.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'

/** Log, schemas and objects of the servers found, or, without servers, of this process. */
export type Backend = Readonly<{ log: Log; codec: Codec; store: ObjectStore; close(): Promise<void> }>

export const localBucket = 'flipstream'

export function openBackend(stack: Stack, { root, clientId }: { root: string; clientId: string }): Backend {
  if (stack.kind === 'embedded') {
    const log = createMemoryLog({ clock: systemClock })
    const store = createFileStore({ directory: join(root, '.flipstream', 'objects') })
    return { log, codec: createCodec({ registry: createMemoryRegistry() }), store, close: () => log.close() }
  }
  const log = createKafkajsLog({ brokers: stack.brokers, clientId, logger: createLogger('up', 'error'), ...stack.security })
  return {
    log,
    codec: createCodec({ registry: createRegistry({ url: stack.registryUrl }) }),
    store: createS3Store({ ...stack.s3, bucket: stack.bucket ?? localBucket }),
    close: () => log.close(),
  }
}
