import { UsageError } from '#lib/app/usage-error.ts'
import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { createDecisionsAnew, type DecisionsCompared } from '#lib/learning/decisions-anew.ts'
import { openLearningFold } from '#lib/learning/learning-fold.ts'
import { type BackendChoice, backendChoices, startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { isMeantFor } from '#lib/stream/redriven.ts'
import { count } from '#lib/words/format.ts'
import type { MarketEvent } from '#schemas/types.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import { formatFields } from './side-by-side.ts'

/** `decisions` are null where nothing could be computed, `why` says why; both are where the learner recorded nothing. */
export type DecisionsVerified = Readonly<{
  decisions: DecisionsCompared | null
  why: string | null
  /** Models that could not be used, now; as long as they could not then, decisions are the same. */
  unusable: readonly string[]
}>

export const notVerified: DecisionsVerified = { decisions: null, why: null, unusable: [] }

const batchSize = 5_000

/**
 * Computes from a recorded market what its learner must have answered, and compares to the byte: blocks of losses, promotions, rollbacks,
 * bars, and what was held. Models and rules come from the archive's store.
 */
export async function verifyDecisions(
  archive: Pick<Archive, 'store' | 'newest' | 'records' | 'codec'>,
  env: Readonly<Record<string, string | undefined>>,
  onProgress: (done: number) => void,
): Promise<DecisionsVerified> {
  const topic = await archive.newest('market.events')
  const codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare(['MarketEvent'])
  const { backend } = await startTensorRuntime(backendOf(env))
  const unusable = new Set<string>()
  const { fold } = openLearningFold({
    ...{ store: archive.store, backend, capacity: 8, codeVersion: packageJson.version },
    onRefused: ({ message }) => void unusable.add(message),
  })
  const anew = createDecisionsAnew((event) => codec.encode('MarketEvent', event))
  let done = 0
  for await (const { events, isFromFirst } of batchesOf(archive, topic)) {
    if (done === 0 && !isFromFirst) return { ...notVerified, why: 'the record does not begin at the market’s first event' }
    anew.computed(await fold(events))
    anew.recorded(events)
    done += events.length
    onProgress(done)
  }
  const decisions = anew.compared()
  return { decisions: decisions.recorded === 0 ? null : decisions, why: null, unusable: [...unusable] }
}

async function* batchesOf(
  archive: Pick<Archive, 'records' | 'codec'>,
  topic: ArchivedTopic,
): AsyncGenerator<{ events: MarketEvent[]; isFromFirst: boolean }> {
  const codec = archive.codec(topic)
  let events: MarketEvent[] = []
  let first: number | null = null
  for await (const { value, offset, headers } of archive.records(topic)) {
    first ??= offset
    if (value === null || !isMeantFor('learner', headers)) continue
    try {
      events.push(await codec.decode('MarketEvent', value))
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
    }
    if (events.length < batchSize) continue
    yield { events, isFromFirst: first === 0 }
    events = []
  }
  if (events.length > 0) yield { events, isFromFirst: first === 0 }
}

function backendOf({ TF_BACKEND = 'auto' }: Readonly<Record<string, string | undefined>>): BackendChoice {
  const found = backendChoices.find((choice) => choice === TF_BACKEND)
  if (found === undefined) throw new UsageError(`TF_BACKEND: expected one of ${backendChoices.join(', ')}, found ${TF_BACKEND}`)
  return found
}

export const isVerified = ({ decisions }: DecisionsVerified): boolean => decisions === null || decisions.first === null

export function formatDecisions({ decisions, why, unusable }: DecisionsVerified): string {
  if (decisions === null) return why === null ? '' : `unknown  decisions: ${why}\n`
  const { recorded, computed, identical, pending, first } = decisions
  const tail = pending === 0 ? '' : `, ${count(pending)} not written when the record ended`
  const counts = `${count(recorded)} recorded, ${count(computed)} computed anew, ${count(identical)} identical to the byte${tail}`
  if (first === null) return `ok       decisions: ${counts}\n`
  const what =
    first.recorded === null ? 'was computed, and not recorded' : first.computed === null ? 'was recorded, and not computed' : 'differs'
  const fields = formatFields(first.recorded, first.computed, 'computed')
  const refused = unusable.map((message) => `  a model cannot be used: ${message}\n`).join('')
  return `DIFFERS  decisions: ${counts}\n  the first difference: ${first.eventId} ${what}\n${fields}${refused}`
}
