/**
 * What encoding and decoding a record costs, in processor time, by the code of the folder that this runs in: the same records for every
 * version, those of the recorded replay (tests/fixtures/README.md).
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import type { RecordName } from '#schemas/types.ts'

type Replay = Readonly<{ schemas: Record<string, object>; input: readonly string[]; output: readonly { topic: string; value: string }[] }>

const moduleHere = (path: string) => import(pathToFileURL(path).href)
const { createCodec }: typeof import('#lib/codec/codec.ts') = await moduleHere('libs/codec/codec.ts')
const { createMemoryRegistry }: typeof import('#lib/codec/registry.ts') = await moduleHere('libs/codec/registry.ts')

const fixture = new URL('../../tests/fixtures/written/replay/replay.json.br', import.meta.url)
const replay: Replay = JSON.parse(brotliDecompressSync(readFileSync(fixture)).toString())
const registry = createMemoryRegistry()
const codec = createCodec({ registry })

/** Those of the wire format, behind the ids that this registry gives their schemas. */
async function recorded(values: readonly string[]): Promise<Buffer[]> {
  const records = values.map((text) => Buffer.from(text, 'hex')).filter((record) => record[0] === 0)
  for (const record of records) {
    const id = record.readInt32BE(1)
    record.writeInt32BE(await registry.register(`schema ${id}`, JSON.stringify(replay.schemas[id])), 1)
  }
  return records
}

const [repetitions, turns] = [40, 7]

/** Median of some turns, after one that warms up. */
function microsOf(count: number, work: () => void): number {
  work()
  const micros = Array.from({ length: turns }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < repetitions; i++) work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (repetitions * count)
  })
  return Number(micros.sort((a, b) => a - b)[turns >> 1]!.toFixed(2))
}

async function measure(name: RecordName, values: readonly string[]) {
  await codec.prepare([name])
  const records = await Promise.all((await recorded(values)).map((record) => codec.decode(name, record)))
  let encoded: Buffer[] = []
  const encodeMicros = microsOf(records.length, () => {
    encoded = records.map((record) => codec.encode(name, record))
  })
  const decodeMicros = microsOf(records.length, () => {
    for (const bytes of encoded) codec.decode(name, bytes)
  })
  return { encodeMicros, decodeMicros }
}

const written = (topic: string) => replay.output.filter((record) => record.topic === topic).map(({ value }) => value)
const report = {
  MarketEvent: await measure('MarketEvent', replay.input),
  EnrichedListing: await measure('EnrichedListing', written('listings.enriched')),
  ScoredListing: await measure('ScoredListing', written('listings.scored')),
}
process.stdout.write(`${JSON.stringify(report)}\n`)
