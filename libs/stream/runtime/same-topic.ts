import { FatalError } from '#lib/errors/errors.ts'
import type { LogAdmin, TopicPartition } from '#lib/stream/log.ts'

/**
 * Before a partition is begun or gone on with. A topic of the same name that has as many records by now takes every position, and nothing
 * would show that other records were passed over, and a state made of those that are gone.
 */
export async function refuseTopicMadeAnew(admin: LogAdmin, group: string, partition: TopicPartition): Promise<void> {
  if (!(await admin.madeAnew(group, partition))) return
  throw new FatalError(
    `${partition.topic} was made anew since group ${group} committed its position there: its offsets mean other records now. ` +
      'Delete the consumer group, or name another run',
  )
}
