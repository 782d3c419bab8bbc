/**
 * What `npm run bench` compares. Each case is a script that prints its figures as JSON, and is run in the code of today and in the code of
 * before; a script that moved names where it stood.
 */

export type Better = 'less' | 'more'
type Figure = Readonly<{
  label: string
  unit: string
  better: Better
  /** Where it stands in the printed JSON: names and positions, between dots. */
  path: string
}>
export type BenchCase = Readonly<{
  summary: string
  script: string
  /** Left out: the script of today measures both, by importing from the folder it runs in. */
  scriptBefore?: string
  args: readonly string[]
  /** How many brokers it needs; the harness starts them once, for all runs. */
  brokers: 0 | 1 | 3
  figures: readonly Figure[]
}>

const latency: readonly Figure[] = [
  { label: 'listing to decision p50', unit: 'ms', better: 'less', path: 'latency_exactly_once.0.decision.p50' },
  { label: 'listing to decision p99', unit: 'ms', better: 'less', path: 'latency_exactly_once.0.decision.p99' },
  { label: 'listing to alert p50', unit: 'ms', better: 'less', path: 'latency_exactly_once.0.alert.p50' },
  { label: 'listing to alert p99', unit: 'ms', better: 'less', path: 'latency_exactly_once.0.alert.p99' },
  { label: 'idle, six apps together', unit: 'cores', better: 'less', path: 'latency_exactly_once.0.idleCores' },
]
const throughput: readonly Figure[] = [
  {
    label: 'sustained through four stages',
    unit: 'listings/s',
    better: 'more',
    path: 'throughput_exactly_once.0.listingsPerSecond',
  },
  ...['enricher', 'featurizer', 'scorer', 'alerter'].map(
    (stage): Figure => ({
      label: `processor time a listing, ${stage}`,
      unit: 'µs',
      better: 'less',
      path: `throughput_exactly_once.0.cpuMicrosPerListing.${stage}`,
    }),
  ),
]

const pipeline = (brokers: 1 | 3, only: 'latency' | 'throughput'): BenchCase => ({
  summary: `the pricing stages on ${brokers === 1 ? 'one broker' : 'three brokers, three replicas'}, exactly once: ${only}`,
  script: 'scripts/bench/pipeline.ts',
  scriptBefore: 'scripts/bench-pipeline.ts',
  args: ['--runs', '1', '--guarantee', 'exactly_once', '--only', only, '--json'],
  brokers,
  figures: only === 'latency' ? latency : throughput,
})

export const benchCases: Readonly<Record<string, BenchCase>> = {
  latency: pipeline(1, 'latency'),
  throughput: pipeline(1, 'throughput'),
  'latency-3': pipeline(3, 'latency'),
  'throughput-3': pipeline(3, 'throughput'),
  codec: {
    summary: 'encoding and decoding a record, Avro in the wire format, the records of the recorded replay',
    script: 'scripts/bench/codec.ts',
    args: [],
    brokers: 0,
    figures: ['MarketEvent', 'EnrichedListing', 'ScoredListing'].flatMap((name) =>
      ['encode', 'decode'].map((act): Figure => ({ label: `${act} ${name}`, unit: 'µs', better: 'less', path: `${name}.${act}Micros` })),
    ),
  },
  replay: {
    summary: 'the chain of a backtest on one core (real sales where FLIPSTREAM_DATA names them, else generated ones)',
    script: 'scripts/bench/replay.ts',
    scriptBefore: 'scripts/bench-replay.ts',
    args: ['--runs', '1', '--fast', '--json'],
    brokers: 0,
    figures: [
      { label: 'chain', unit: 'events per processor second', better: 'more', path: 'chain.0.perCpuSecond' },
      { label: 'apps on the log in memory', unit: 'events per processor second', better: 'more', path: 'memoryLog.0.perCpuSecond' },
      { label: 'RSS at the end', unit: 'MB', better: 'less', path: 'rssMegabytes' },
    ],
  },
  archiver: {
    summary: 'the archiver on 100 MB of market.events',
    script: 'scripts/bench/archiver.ts',
    scriptBefore: 'scripts/bench-archiver.ts',
    args: ['--runs', '1', '--json'],
    brokers: 1,
    figures: [
      { label: 'values archived', unit: 'MB/s', better: 'more', path: 'results.0.megabytesPerSecond' },
      { label: 'values archived', unit: 'MB per processor second', better: 'more', path: 'results.0.megabytesPerCpuSecond' },
      { label: 'RSS', unit: 'MB', better: 'less', path: 'results.0.rssMegabytes' },
    ],
  },
}
