import { exitCodes } from '#lib/app/exit-codes.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { topicName } from '#lib/market/topics.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { count } from '#lib/words/format.ts'
import { type ComparedSide, compareOutputs, type OutputComparison } from './compare-outputs.ts'
import type { ReplayContext } from './replay-context.ts'
import { archiveSource, topicSource } from './replay-source.ts'
import { formatComparison } from './side-by-side.ts'
import { formatDecisions, isVerified, notVerified, verifyDecisions } from './verify-decisions.ts'

/** `flipstream replay verify`. Exit code 1 at any difference, and where nothing can be compared. */
export async function verifyReplay({ options, recording, backend, prefix, env, progress }: ReplayContext): Promise<number> {
  await requireReplay({ backend, prefix, topics: options.topics })
  const comparisons: OutputComparison[] = []
  for (const topic of options.topics) {
    const recorded = await recordedSide(recording, topic)
    const replayed: ComparedSide = { source: await topicSource(backend.log, `${prefix}${topic}`), codec: backend.codec }
    try {
      comparisons.push(await compareOutputs(topic, recorded, replayed))
    } finally {
      await replayed.source.close()
    }
  }
  const refused = await deadLetters({ backend, prefix })
  const nothing = comparisons.every(({ recorded, replayed }) => recorded + replayed === 0)
  const verified = options.decisions
    ? await verifyDecisions(recording.archive, env, (done) => progress.status(`decisions: ${count(done)} events`))
    : notVerified
  progress.end()
  const identical = !nothing && comparisons.every(({ first }) => first === null) && isVerified(verified)
  const report = { recording: recording.archive.name, replay: prefix, identical, topics: comparisons.map(forJson), ...verified, refused }
  process.stdout.write(
    options.json
      ? `${JSON.stringify(report)}\n`
      : `${comparisons.map(formatComparison).join('')}${nothing ? 'there is nothing to compare\n' : ''}${formatDecisions(verified)}${refused.map(formatRefused).join('')}`,
  )
  return identical ? exitCodes.done : exitCodes.failed
}

/** A topic in which nothing was ever recorded is not archived: it must be empty in the replay too. */
async function recordedSide({ archive }: ReplayContext['recording'], topic: string): Promise<ComparedSide> {
  const newest = (await archive.topics()).findLast((candidate) => candidate.topic === topic)
  if (newest !== undefined) return { source: await archiveSource(archive, newest), codec: archive.codec(newest) }
  const market = await archive.newest('market.events')
  const empty = { partitions: [], count: () => 0, read: async function* () {}, close: async () => {} }
  return { source: empty, codec: archive.codec(market) }
}

async function requireReplay({
  backend,
  prefix,
  topics,
}: Pick<ReplayContext, 'backend' | 'prefix'> & { topics: readonly string[] }): Promise<void> {
  const admin = backend.log.admin()
  const existing = new Set(await admin.listTopics())
  await admin.close()
  const missing = topics.filter((topic) => !existing.has(`${prefix}${topic}`))
  if (missing.length > 0)
    throw new FatalError(
      `there is no replay in ${prefix}* (no topic ${prefix}${missing[0]}): flipstream replay --pipeline makes one; --to names another`,
    )
}

type Refused = Readonly<{ app: string; code: string; count: number; example: string }>

/** Why records are missing in the replay: what its stages refused, by app and code. */
async function deadLetters({ backend, prefix }: Pick<ReplayContext, 'backend' | 'prefix'>): Promise<Refused[]> {
  const refused = new Map<string, Refused>()
  const follower = await backend.log.follow([topicName(prefix, 'dead-letters')], (records) => {
    for (const { headers } of records) {
      const [app = '', code = ''] = [headers[deadLetterHeaders.app], headers[deadLetterHeaders.code]]
      const known = refused.get(`${app} ${code}`)
      const example = known?.example ?? headers[deadLetterHeaders.message] ?? ''
      refused.set(`${app} ${code}`, { app, code, count: (known?.count ?? 0) + 1, example })
    }
  })
  try {
    await follower.caughtUp
  } finally {
    await follower.stop()
  }
  return [...refused.values()]
}

const formatRefused = ({ app, code, count, example }: Refused): string => `  in the replay ${app} refused ${count} (${code}): ${example}\n`

const forJson = ({ first, ...comparison }: OutputComparison) => ({
  ...comparison,
  first:
    first === null
      ? null
      : {
          partition: first.partition,
          position: first.position,
          recordedOffset: first.recorded?.offset ?? null,
          replayedOffset: first.replayed?.offset ?? null,
          recorded: first.recordedValue,
          replayed: first.replayedValue,
        },
})
