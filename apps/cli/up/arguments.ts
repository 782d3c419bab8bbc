import { UsageError } from '#lib/app/usage-error.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { durationOption, fileOption, momentOption, numberOption, seedOption } from '#lib/cli/values.ts'

export type UpArguments = Readonly<{
  /** The real market instead of a simulated one. */
  live: boolean
  /** People are told in this terminal and on the dashboard only. */
  dryRun: boolean
  /** A sales file to replay; null plays a generated market. */
  sales: string | null
  /** How many times faster than real time the simulated market runs. */
  speed: number
  /** Ends by itself after this long, counted from the first live listing; null runs until it is told to stop. */
  forSeconds: number | null
  /** Sales before this moment train the model, the rest is played. Milliseconds; null means after the first 40% of the rows. */
  trainUntil: number | null
  seed: number
  /** Says how a Prometheus follows the run, with a file for it. */
  observe: boolean
  json: boolean
}>

const defaultSpeed = { recorded: 600, synthetic: 120 }

export const upHelp = `flipstream up (npm start): the whole pipeline on a simulated market, or on the real one, until ctrl-C.

  --sales FILE.csv      replay recorded sales (columns time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd)
                        instead of a generated market; the first 40% of the rows train the model, the rest is played
  --train-until TIME    where training ends and play begins: 2022-04-16T12:00:00Z or unix seconds
  --speed N             how many times faster than real time (default ${defaultSpeed.recorded} with --sales, else ${defaultSpeed.synthetic})
  --for DURATION        end by itself with a summary, counted from the first listing: 90s, 10m, 2h (default: run until ctrl-C)
  --seed N              of what the simulator makes up (default 1)
  --live                the real market (AXIE_API_KEY; MARKETPLACE_URL has a default): the first time it reads the sales of HISTORY_DAYS
                        and trains a model on them; from then on each start goes on where the last one stopped
  --dry-run             post nothing anywhere, whatever DISCORD_… says: alerts show in this terminal and on the dashboard
  --observe             write a configuration for Prometheus that follows all apps, and say how to start it
  --json                print one JSON object at the end, and nothing else on stdout

Needs Kafka, a schema registry and an S3 store: those named by KAFKA_BROKERS, SCHEMA_REGISTRY_URL and S3_ENDPOINT if set, else Docker
(docker-compose.kafka.yml), else local processes (Java 17 and Maven), started once and reused. npm run stack:down stops them.
`

/** Throws UsageError before anything has been started. */
export function parseUpArguments(argv: readonly string[]): UpArguments {
  const { values } = parse(argv)
  const sales = values.sales ?? null
  const live = values.live ?? false
  const simulatedOnly = (['sales', 'speed', 'seed', 'train-until'] as const).find((option) => values[option] !== undefined)
  if (live && simulatedOnly !== undefined) throw new UsageError(`--${simulatedOnly} is for a simulated market: leave it or --live out`)
  if (sales !== null) fileOption('--sales', sales, 'Expected a CSV of sales; flipstream sample --days 12 > sales.csv makes one.')
  if (values['train-until'] !== undefined && sales === null) throw new UsageError('--train-until needs --sales')
  return {
    live,
    dryRun: values['dry-run'] ?? false,
    sales,
    speed: numberOption('--speed', values.speed ?? String(sales === null ? defaultSpeed.synthetic : defaultSpeed.recorded), {
      above: 0,
      atMost: 1e7,
    }),
    forSeconds: values.for === undefined ? null : durationOption('--for', values.for) / 1_000,
    trainUntil: values['train-until'] === undefined ? null : momentOption('--train-until', values['train-until']),
    seed: seedOption('--seed', values.seed ?? '1'),
    observe: values.observe ?? false,
    json: values.json ?? false,
  }
}

const parse = (argv: readonly string[]) =>
  parseOptions('npm start --', argv, {
    options: {
      live: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      sales: { type: 'string' },
      speed: { type: 'string' },
      for: { type: 'string' },
      'train-until': { type: 'string' },
      seed: { type: 'string' },
      observe: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
