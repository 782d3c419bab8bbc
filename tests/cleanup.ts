import { Kafka, logLevel } from 'kafkajs'
import { Client } from 'minio'
import { hourMillis } from '#lib/clock/durations.ts'
import { listKeys } from '#lib/objectstore/s3-listing.ts'
import type { StackAddresses } from '#lib/stack/addresses.ts'

/** Removes what tests leave on shared servers: topics, groups and buckets, known by the session in their names (run-prefix.ts). */

const leftoverMillis = 2 * hourMillis

export const removeSession = (addresses: StackAddresses, session: string): Promise<void> =>
  removeWhere(addresses, (name) => name.startsWith(session))

/** What sessions that were killed could not remove themselves. Recent ones may be at work still. */
export const removeLeftovers = (addresses: StackAddresses, now: number): Promise<void> =>
  removeWhere(addresses, (name) => {
    const started = sessionStart(name)
    return started !== null && started < now - leftoverMillis
  })

/** When the session that a name begins with was started, in milliseconds; null for names that are not of tests. */
export function sessionStart(name: string): number | null {
  const match = /^test-(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z-/.exec(name)
  if (match === null) return null
  const [year, month, ...rest] = match.slice(1).map(Number) as [number, number, number, number, number, number]
  return Date.UTC(year, month - 1, ...rest)
}

async function removeWhere(addresses: StackAddresses, isOurs: (name: string) => boolean): Promise<void> {
  await removeTopicsAndGroups([...addresses.brokers], isOurs)
  await removeBuckets(addresses.s3, isOurs)
}

async function removeTopicsAndGroups(brokers: string[], isOurs: (name: string) => boolean): Promise<void> {
  const admin = new Kafka({ brokers, clientId: 'flipstream-tests', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const topics = (await admin.listTopics()).filter(isOurs)
    if (topics.length > 0) await admin.deleteTopics({ topics })
    // A broker that has just started may still be loading its groups: they too are left to a later session.
    const { groups: listed } = await admin.listGroups().catch(() => ({ groups: [] }))
    const groups = listed.map(({ groupId }) => groupId).filter(isOurs)
    // A member killed a moment ago keeps its group alive for some seconds: that group is left to a later session.
    if (groups.length > 0) await admin.deleteGroups(groups).catch(() => {})
  } finally {
    await admin.disconnect()
  }
}

async function removeBuckets({ endpoint, region, accessKey, secretKey }: StackAddresses['s3'], isOurs: (name: string) => boolean) {
  const { hostname, port, protocol } = new URL(endpoint)
  const useSSL = protocol === 'https:'
  const client = new Client({ endPoint: hostname, port: Number(port || (useSSL ? 443 : 80)), useSSL, region, accessKey, secretKey })
  const buckets = (await client.listBuckets()).map(({ name }) => name).filter(isOurs)
  for (const bucket of buckets) {
    // All names first: a listing that goes on while its objects vanish may end early.
    const names: string[] = []
    for await (const { key } of listKeys(client, bucket, '')) names.push(key)
    for (const name of names) await client.removeObject(bucket, name)
    await client.removeBucket(bucket)
  }
}
