/** One hop on the same broker, ours beside Quix Streams: latency at a steady rate, then a backlog at full speed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomId, systemClock } from '#lib/clock/clock.ts'
import type { StackAddresses } from '#lib/stack/addresses.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log } from '#lib/stream/log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { peerPython, peersDirectory } from './peer-python.ts'

type Hop = Readonly<{ p50: number; p99: number; recordsPerSecond: number }>
type Contestant = Readonly<{ name: string; start(broker: string, input: string, output: string): ChildProcess }>

const worker = fileURLToPath(new URL('hop-worker.ts', import.meta.url))
const peer = join(peersDirectory, 'quix_pipeline.py')
const rate = 50
const warmUpRecords = 250
const measuredRecords = 1_000
const backlogRecords = 50_000
const partitions = 3

export async function measureHops(servers: StackAddresses, { say, runs }: { say: (line: string) => void; runs: number }) {
  const log = createKafkajsLog({ brokers: servers.brokers, clientId: 'bench-hop', logger: createLogger('bench', 'error') })
  const report: Record<string, Hop[]> = {}
  for (const contestant of contestants(say)) {
    for (let run = 1; run <= runs; run++) {
      say(`one hop, ${contestant.name}: run ${run} of ${runs}`)
      report[contestant.name] = [...(report[contestant.name] ?? []), await measureHop(log, servers.brokers[0] as string, contestant)]
    }
  }
  await log.close()
  const middle = (hops: readonly Hop[], figure: keyof Hop) => {
    const sorted = hops.map((hop) => hop[figure]).sort((a, b) => a - b)
    const digits = figure === 'recordsPerSecond' ? 0 : 1
    return `${sorted[Math.floor(sorted.length / 2)]?.toFixed(digits)} (${sorted[0]?.toFixed(digits)} to ${sorted.at(-1)?.toFixed(digits)})`
  }
  const rows = Object.entries(report).map(
    ([name, hops]) =>
      `  ${name.padEnd(44)}p50 ${middle(hops, 'p50')} ms   p99 ${middle(hops, 'p99')} ms   ${middle(hops, 'recordsPerSecond')} records/s`,
  )
  return {
    report,
    lines: [`one hop: JSON in and out, ${rate}/s for latency (n ${measuredRecords}), then ${backlogRecords} at once`, ...rows],
  }
}

function contestants(say: (line: string) => void): Contestant[] {
  const python = quixPython(say)
  return (['exactly_once', 'at_least_once'] as const).flatMap((guarantee) => [
    {
      name: `flipstream, ${guarantee}`,
      start: (...topics) => spawn(process.execPath, [worker, ...topics, guarantee], { stdio: ['ignore', 'ignore', 'inherit'] }),
    },
    ...(python === null
      ? []
      : [
          {
            name: `Quix Streams, ${guarantee}, checkpoint 20 ms`,
            start: (...topics) =>
              spawn(python, [peer, ...topics, guarantee.replaceAll('_', '-'), '0.02'], { stdio: ['ignore', 'ignore', 'inherit'] }),
          } satisfies Contestant,
        ]),
  ])
}

/** Python with quixstreams; null, said aloud, where the peer cannot be had. */
function quixPython(say: (line: string) => void): string | null {
  if (existsSync(peer)) return peerPython('quix', ['quixstreams'], say)
  say('NOT MEASURED: Quix Streams (FLIPSTREAM_PEERS names no folder with quix_pipeline.py)')
  return null
}

async function measureHop(log: Log, broker: string, contestant: Contestant): Promise<Hop> {
  const id = `bench-hop-${randomId().slice(0, 8)}`
  const [input, output] = [`${id}.in`, `${id}.out`]
  const admin = log.admin()
  await admin.createTopics([input, output].map((topic) => ({ topic, partitions })))
  const latencies: number[] = []
  let seen = 0
  const following = await log.follow([output], (records) => {
    const now = systemClock.now()
    for (const { value } of records) {
      const { i, t } = JSON.parse((value as Buffer).toString()) as { i: number; t: number }
      seen++
      if (i >= warmUpRecords && i < warmUpRecords + measuredRecords) latencies.push(now - t)
    }
  })
  const child = contestant.start(broker, input, output)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const producer = log.producer()
  const record = (i: number) => ({ topic: input, key: String(i), value: Buffer.from(JSON.stringify({ i, t: systemClock.now() })) })
  const seenAll = async (count: number) => {
    const deadline = systemClock.monotonic() + 120_000
    while (seen < count) {
      if (systemClock.monotonic() > deadline) throw new Error(`${contestant.name}: ${seen} of ${count} records after 120 s`)
      await systemClock.sleep(10)
    }
  }
  const steady = warmUpRecords + measuredRecords
  await producer.send([record(0)])
  await seenAll(1)
  const started = systemClock.monotonic()
  for (let sent = 1; sent < steady; ) {
    const due = Math.min(steady, 1 + Math.floor(((systemClock.monotonic() - started) * rate) / 1_000))
    if (due > sent) await producer.send(Array.from({ length: due - sent }, (_, index) => record(sent + index)))
    sent = due
    await systemClock.sleep(2)
  }
  await seenAll(steady)
  for (let i = 0; i < backlogRecords; i += 1_000)
    await producer.send(Array.from({ length: 1_000 }, (_, index) => record(steady + i + index)))
  const backlogFrom = { seen, at: performance.now() }
  await seenAll(steady + backlogRecords)
  const recordsPerSecond = (steady + backlogRecords - backlogFrom.seen) / ((performance.now() - backlogFrom.at) / 1_000)
  child.kill('SIGTERM')
  await ended
  await producer.close()
  await following.stop()
  await admin.deleteTopics([input, output])
  await admin.close()
  latencies.sort((a, b) => a - b)
  return {
    p50: latencies[latencies.length >> 1] ?? Number.NaN,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    recordsPerSecond,
  }
}
