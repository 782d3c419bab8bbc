import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { run as sample } from '#app/cli/sample/main.ts'
import { collectorSettings } from '#app/collector/config.ts'
import { type Config, ConfigError, parseConfig } from '#lib/app/config.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import type { Source } from '#schemas/types.ts'
import type { UpArguments } from './arguments.ts'

/** What a model learns from before it prices. */
export type TrainingPlan = Readonly<{
  source: Source
  /** Sales in time order; those before `playFrom` train the model. */
  salesFile: string
  /** Where training ends and play begins, market time in milliseconds. */
  playFrom: number
}>

/** Which simulated market is played, and what the model learns before it. */
export type MarketPlan = TrainingPlan &
  Readonly<{
    source: Exclude<Source, 'live'>
    /** Environment of the simulator and of the collector. */
    simulator: Readonly<Record<string, string>>
    collector: Readonly<Record<string, string>>
  }>

/** The real market, as the collector is configured to read it. */
export type LivePlan = Readonly<{ source: 'live'; collector: Config<typeof collectorSettings> }>

const trainingShare = 0.4
const apiKey = 'simulated'

/** A simulated market has no quota to spare, and runs many times faster than the real one. */
const unhurriedByQuota = {
  REQUESTS_PER_SECOND: '1000',
  POLL_MILLISECONDS: '200',
  SALES_POLL_MILLISECONDS: '400',
  SWEEP_MILLISECONDS: '2000',
  ASK_CHECK_MILLISECONDS: '1000',
}

/** A generated market always begins at the same moment, so that the model trained on its history can be used again. */
const synthetic = { historyDays: 6, historyFrom: Date.parse('2026-01-07T00:00:00Z'), playFrom: Date.parse('2026-01-13T00:00:00Z') }

/** Reads the sales file before any server is started. UsageError where it cannot be used. */
export async function planMarket(
  { sales, trainUntil, speed, seed }: Omit<UpArguments, 'live' | 'dryRun' | 'observe'>,
  root: string,
): Promise<MarketPlan> {
  const salesFile = sales ?? (await syntheticHistory(root, seed))
  const playFrom = sales === null ? synthetic.playFrom : await splitTime(sales, trainUntil)
  return {
    source: sales === null ? 'synthetic' : 'recorded',
    salesFile,
    playFrom,
    simulator: {
      SIMULATOR_API_KEY: apiKey,
      SIMULATOR_START: new Date(playFrom).toISOString(),
      SIMULATOR_SPEED: String(speed),
      SIMULATOR_SEED: String(seed),
      ...(sales === null ? { SIMULATOR_HISTORY_DAYS: String(synthetic.historyDays) } : { SIMULATOR_SALES_FILE: sales }),
    },
    collector: {
      ...unhurriedByQuota,
      AXIE_API_KEY: apiKey,
      MARKET_TIME_HEADER: 'x-market-time',
      MARKET_SOURCE: sales === null ? 'synthetic' : 'recorded',
    },
  }
}

/** UsageError where the environment does not say how to reach the market: above all the key. */
export function planLiveMarket(env: Readonly<Record<string, string | undefined>>): LivePlan {
  try {
    return { source: 'live', collector: parseConfig(collectorSettings, { ...env, MARKET_SOURCE: 'live' }) }
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(`--live cannot start:\n${error.message}`) : error
  }
}

async function splitTime(file: string, trainUntil: number | null): Promise<number> {
  const times: number[] = []
  try {
    for await (const { eventTime } of readSalesFile(file)) times.push(eventTime)
  } catch (error) {
    if (error instanceof RejectedError) throw new UsageError(`--sales: ${error.message}`)
    throw error
  }
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0]
  const split = trainUntil ?? times[Math.floor(times.length * trainingShare)] ?? 0
  if (split <= first || split > last) {
    const time = (millis: number) => new Date(millis).toISOString()
    throw new UsageError(
      `--train-until ${time(split)} leaves nothing to ${split <= first ? 'train on' : 'play'}: ${file} goes from ${time(first)} to ${time(last)}`,
    )
  }
  return split
}

/** The sales that the generated market counts as its past, as a file: made once for a seed. */
async function syntheticHistory(root: string, seed: number): Promise<string> {
  const file = join(root, '.flipstream', 'samples', `synthetic-${synthetic.historyDays}d-seed-${seed}.csv`)
  if (existsSync(file)) return file
  mkdirSync(dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}`
  const output = createWriteStream(partial)
  const from = new Date(synthetic.historyFrom).toISOString()
  await sample(['--days', String(synthetic.historyDays), '--seed', String(seed), '--from', from], output)
  output.end()
  try {
    await finished(output)
  } catch (error) {
    rmSync(partial, { force: true })
    throw error
  }
  renameSync(partial, file)
  return file
}
