import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { stackDirectory } from '#lib/stack/resolve.ts'

export type LoggedRecord = Readonly<{ topic: string; partition: number; offset: number; value: string }>

/**
 * The committed records of topics as Kafka's own tool (DumpLogSegments) reads them from a broker's files: what another client would be
 * shown, and no client of ours takes part. Values must hold neither a line's end nor ` payload: `.
 */
export async function readLogFiles(brokerDirectory: string, topics: readonly string[]): Promise<LoggedRecord[]> {
  const data = join(brokerDirectory, 'data')
  const partitions = (await readdir(data)).filter((name) => topics.includes(name.slice(0, name.lastIndexOf('-'))))
  const files = await Promise.all(
    partitions.map(async (name) =>
      (await readdir(join(data, name))).filter((file) => file.endsWith('.log')).map((file) => join(data, name, file)),
    ),
  )
  const { java, artifacts } = await createLocalStack({ directory: stackDirectory(), env: process.env, onProgress: () => {} }).prepare()
  const tool = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(artifacts, 'kafka', '*'), 'kafka.tools.DumpLogSegments']
  const { stdout } = await promisify(execFile)(java, [...tool, '--print-data-log', '--files', files.flat().sort().join(',')], {
    maxBuffer: 1 << 30,
  })
  return parseDump(stdout)
}

const fileLine = /^Dumping .*\/([^/]+)-(\d+)\/\d+\.log$/
const batchLine = /^baseOffset: \d+ .* producerId: (-?\d+) .* isTransactional: (true|false) /
const recordLine = /^\| offset: (\d+) /

/** Records of a transaction count when its marker says COMMIT, and not before. */
export function parseDump(dump: string): LoggedRecord[] {
  const committed: LoggedRecord[] = []
  let open = new Map<string, LoggedRecord[]>()
  let place = { topic: '', partition: 0 }
  let batch = { producerId: '', isTransactional: false }
  for (const line of dump.split('\n')) {
    const file = fileLine.exec(line)
    if (file !== null) {
      const next = { topic: file[1]!, partition: Number(file[2]) }
      // Further segments of one partition go on with its open transactions.
      if (next.topic !== place.topic || next.partition !== place.partition) open = new Map()
      place = next
    }
    const head = batchLine.exec(line)
    if (head !== null) batch = { producerId: head[1]!, isTransactional: head[2] === 'true' }
    const record = recordLine.exec(line)
    if (record === null) continue
    if (line.includes(' endTxnMarker: ')) {
      if (line.includes(' endTxnMarker: COMMIT')) committed.push(...(open.get(batch.producerId) ?? []))
      open.delete(batch.producerId)
      continue
    }
    const payload = line.indexOf(' payload: ')
    const found = { ...place, offset: Number(record[1]), value: payload === -1 ? '' : line.slice(payload + ' payload: '.length) }
    if (!batch.isTransactional) committed.push(found)
    else open.set(batch.producerId, [...(open.get(batch.producerId) ?? []), found])
  }
  return committed
}
