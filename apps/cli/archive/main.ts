import { mkdirSync } from 'node:fs'
import { exitCodes } from '#lib/app/exit-codes.ts'
import type { ArchivedTopic } from '#lib/archive/archive.ts'
import { archivedTopics, objectLimits } from '#lib/archive/config.ts'
import { createSegmentStore } from '#lib/archive/segment-store.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import { lastRun, type OpenedArchive, openArchive, openRun } from '#lib/running/open-archive.ts'
import { type ArchiveArguments, archiveHelp, parseArchiveArguments } from './arguments.ts'
import { type Backfill, backfillTopic, copyCuts } from './backfill.ts'
import { describeArchive, formatDescription } from './describe-archive.ts'
import { printRecords } from './print-records.ts'
import { formatProof, proveArchive } from './prove-archive.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `flipstream archive`: see archive-arguments.ts for what it takes. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  const options = parseArchiveArguments(argv)
  if (options === null) {
    process.stdout.write(archiveHelp)
    return exitCodes.done
  }
  try {
    const opened = options.uri === null ? await openRun(options.run ?? lastRun(), env) : await openArchive(options.uri, env)
    try {
      return await act(opened, options, env)
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (!(error instanceof FatalError || error instanceof RetryableError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

async function act(opened: OpenedArchive, options: ArchiveArguments, env: Environment): Promise<number> {
  const { archive } = opened
  if (options.action === 'cat') {
    await printRecords(archive, await archive.newest(options.topics[0] ?? 'market.events'), options, process.stdout)
    return exitCodes.done
  }
  if (options.action === 'backfill') return backfill(opened, options, env)
  const topics = (await archive.topics()).filter(({ topic }) => options.topics.length === 0 || options.topics.includes(topic))
  return options.action === 'ls' ? list(opened, topics, options) : prove(opened, topics, options, env)
}

async function list({ archive }: OpenedArchive, topics: readonly ArchivedTopic[], { objects, json }: ArchiveArguments): Promise<number> {
  const description = await describeArchive(archive, topics)
  process.stdout.write(json ? `${JSON.stringify(description)}\n` : formatDescription(description, { objects }))
  return exitCodes.done
}

async function prove(
  opened: OpenedArchive,
  topics: readonly ArchivedTopic[],
  options: ArchiveArguments,
  env: Environment,
): Promise<number> {
  const { allowLagMillis, json } = options
  const expected = options.topics.length > 0 ? options.topics : archivedTopics(env)
  const proof = await proveArchive(opened, topics, { expected, allowLagMillis, clock: systemClock })
  process.stdout.write(json ? `${JSON.stringify(proof)}\n` : formatProof(proof))
  return proof.problems.length === 0 ? exitCodes.done : exitCodes.failed
}

async function backfill({ archive, source, sourceMissing }: OpenedArchive, options: ArchiveArguments, env: Environment): Promise<number> {
  if (source === null) throw new FatalError(`archive backfill reads a log: ${sourceMissing}`)
  const { backend, prefix } = source
  const target = options.to === null ? null : await openTarget(options.to, env)
  const results: Backfill[] = []
  try {
    const into = target?.archive ?? archive
    for (const topic of options.topics.length > 0 ? options.topics : archivedTopics(env)) {
      const generation = (await archive.topics()).findLast((candidate) => candidate.topic === topic)?.generation ?? 1
      const location = into.location({ topic, generation })
      if (target !== null) await copyCuts(archive, { topic, generation }, createSegmentStore({ ...backend, store: into.store, location }))
      const made = await backfillTopic({
        ...backend,
        clock: systemClock,
        topic: `${prefix}${topic}`,
        store: into.store,
        location,
        limits: objectLimits(env),
        onWait: (problem) => process.stderr.write(`waiting: ${problem}\n`),
      })
      results.push(made)
      if (!options.json)
        process.stdout.write(
          `${topic}: ${made.records} records; ${made.created} objects written, ${made.same} found with the same records\n`,
        )
    }
  } finally {
    await target?.close()
  }
  if (options.json)
    process.stdout.write(`${JSON.stringify({ archive: archive.name, into: options.to ?? archive.name, topics: results })}\n`)
  return exitCodes.done
}

/** A directory is made where there is none. */
async function openTarget(uri: string, env: Environment): Promise<OpenedArchive> {
  if (!uri.startsWith('s3://')) mkdirSync(uri, { recursive: true })
  return openArchive(uri, env)
}
