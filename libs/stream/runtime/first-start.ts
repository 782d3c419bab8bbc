import type { Clock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { Log, LogAdmin, TopicPartition } from '#lib/stream/log.ts'

type FirstStart = Readonly<{
  log: Log
  admin: LogAdmin
  clock: Clock
  group: string
  /** The input partition that stands nowhere, and is about to be begun. */
  partition: TopicPartition
  /** The topics that this group alone writes. */
  outputs: ReadonlySet<string>
}>

/** Outputs and position become visible together, but not at the same moment. */
const settleMillis = 10_000
const pollMillis = 100

/**
 * A group without a position begins its topic, which is right once. A position that has expired (Kafka: offsets.retention.minutes) or was
 * deleted looks the same, and beginning again would make every output a second time. The outputs tell the two apart: a group that stands
 * nowhere, in no partition, has made none. FatalError where it has, with what to do.
 */
export async function refuseSilentReplay(start: FirstStart): Promise<void> {
  const { admin, group, partition, outputs } = start
  if (await standsSomewhere(start)) return
  for (const output of outputs) {
    const isEmpty = (await admin.offsets(output)).every(({ next }) => next === 0)
    if (isEmpty || !(await holdsRecords(start, output))) continue
    if (await standsSoon(start)) return
    throw new FatalError(
      `group ${group} has no position in ${partition.topic}, but ${output} holds what it made before: its offsets expired, or were deleted. ` +
        'Going on would make all of it again. Say where to go on, with no member running: ' +
        `kafka-consumer-groups.sh --bootstrap-server HOST:PORT --group ${group} --topic ${partition.topic} --reset-offsets --to-latest --execute ` +
        '(what was not read is passed over; --to-datetime or --to-offset begin earlier, --to-earliest makes all outputs again)',
    )
  }
}

/**
 * Another member of a new group may have just written its first output: its position is about to be seen. The last look begins when the
 * time is over: answers may be slow, and one that was given before says nothing.
 */
async function standsSoon(start: FirstStart): Promise<boolean> {
  const { clock } = start
  const deadline = clock.monotonic() + settleMillis
  for (let isLast = false; !isLast; await clock.sleep(pollMillis)) {
    isLast = clock.monotonic() >= deadline
    if (await standsSomewhere(start)) return true
  }
  return false
}

async function standsSomewhere({ admin, group, partition: { topic } }: FirstStart): Promise<boolean> {
  const partitions = await admin.partitionCount(topic)
  for (let partition = 0; partition < partitions; partition++)
    if ((await admin.committed(group, { topic, partition })) !== null) return true
  return false
}

/** Whether a reader sees any record: what a transaction left behind that was aborted is nobody's output. */
async function holdsRecords({ log }: FirstStart, topic: string): Promise<boolean> {
  const found = Promise.withResolvers<boolean>()
  const follower = await log.follow([topic], ({ length }) => {
    if (length > 0) found.resolve(true)
  })
  try {
    return await Promise.race([found.promise, follower.caughtUp.then(() => false), follower.finished.then(() => false)])
  } finally {
    await follower.stop()
  }
}
