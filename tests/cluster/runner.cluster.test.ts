import { afterAll, beforeAll, expect, test } from 'vitest'
import { runPrefix } from '../run-prefix.ts'
import {
  cutOffCoordinator,
  type Disturbance,
  killCoordinators,
  killEachBroker,
  killTwo,
  moveLeaders,
  rollingRestart,
} from './disturbances.ts'
import { type KafkaCluster, startKafkaCluster } from './kafka-cluster.ts'
import { type RunnerCaseResult, runCase } from './runner-case.ts'

/** A stage on three brokers, whatever happens to them: for every record that goes in one comes out. */

const count = Number(process.env['CLUSTER_RECORDS'] ?? 1_500)

let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await startKafkaCluster()
})
afterAll(() => cluster?.dispose())

async function play(name: string, disturb: Disturbance | undefined, rest: { unpatched?: boolean; perSecond?: number } = {}) {
  const result = await runCase({
    cluster,
    prefix: runPrefix(name.replaceAll(/\W+/g, '-')),
    count,
    ...(disturb && { disturb }),
    ...rest,
  })
  const { sent, out, lost, twice, seconds } = result
  console.error(`cluster: ${name}: ${sent} in, ${out} out, ${lost} lost, ${twice} twice, ${seconds} s`)
  return result
}

const expectExactlyOnce = ({ sent, out, violations }: RunnerCaseResult) => {
  expect(violations).toEqual([])
  expect(out).toBe(sent)
  expect(sent).toBeGreaterThanOrEqual(count)
}

test('nothing happens', async () => {
  expectExactlyOnce(await play('healthy', undefined, { perSecond: 300 }))
})

test('leaders of all partitions, of transactions and groups too, move every second or two', async () => {
  let moves = 0
  expectExactlyOnce(
    await play(
      'leaders moved',
      moveLeaders(cluster, (some) => (moves += some)),
    ),
  )
  expect(moves).toBeGreaterThan(10)
})

test('kafkajs without its patch fails this test: so the test can see', async () => {
  const { violations } = await play('leaders moved, unpatched', moveLeaders(cluster), { unpatched: true })
  expect(violations.filter(({ kind }) => kind === 'lost' || kind === 'twice').length).toBeGreaterThan(0)
})

test('each broker restarted in turn, in order', async () => {
  expectExactlyOnce(await play('rolling restart', rollingRestart(cluster)))
})

test('each broker killed in turn', async () => {
  expectExactlyOnce(await play('kill each', killEachBroker(cluster)))
})

test('the coordinators of the transactions and of the group killed', async () => {
  expectExactlyOnce(await play('kill coordinators', killCoordinators(cluster)))
})

test('two brokers killed at once: it waits, and goes on', async () => {
  expectExactlyOnce(await play('kill two', killTwo(cluster)))
})

test('the coordinator of the transactions cut off from its peers, for longer than they wait for it', async () => {
  expectExactlyOnce(await play('cut off', cutOffCoordinator(cluster, 12_000)))
})
