import { z } from 'zod'
import { FatalError } from '#lib/errors/errors.ts'
import type { Checkpoint } from './fold.ts'

/** Kafka's default offset.metadata.max.bytes. */
const maxMetadataBytes = 4_096

const schema = z.object({
  version: z.literal(1),
  restoreFrom: z.int().nonnegative(),
  clock: z.number().nullable(),
  carry: z.unknown().optional(),
})

/** What a commit remembers beside its offset, as JSON: where to fold from, and with what, to have the state of that offset again. */
export function formatMetadata({ offset, clock, carry }: Checkpoint): string {
  const carried = carry === undefined ? '' : `,"carry":${carry}`
  const metadata = `{"version":1,"restoreFrom":${offset},"clock":${clock === null ? 'null' : clock}${carried}}`
  const bytes = Buffer.byteLength(metadata)
  if (bytes > maxMetadataBytes)
    throw new FatalError(
      `the offset's metadata takes ${bytes} bytes, Kafka keeps at most ${maxMetadataBytes} (offset.metadata.max.bytes): ` +
        `carry() must return only the few small values that outlive the horizon`,
    )
  return metadata
}

/** Null: not written by a fold (another version, or a tool that moved the offset). */
export function parseMetadata(metadata: string): Checkpoint | null {
  let json: unknown
  try {
    json = JSON.parse(metadata)
  } catch {
    return null
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) return null
  const { restoreFrom, clock, carry } = parsed.data
  return { offset: restoreFrom, clock, carry: carry === undefined ? undefined : JSON.stringify(carry) }
}
