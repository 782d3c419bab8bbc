import { pino } from 'pino'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { marketKey } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import { createDice } from '../kernel/dice.ts'
import { type Actor, createScheduler, SimulationError } from '../kernel/scheduler.ts'
import type { SeedResult, World } from '../kernel/seeds.ts'
import { createTrace } from '../kernel/trace.ts'
import { createTroubles, type Limits } from '../kernel/troubles.ts'
import { createBroker } from '../log/broker.ts'
import { createSimulatedLog, type SimulatedLog } from '../log/log.ts'
import { type Surroundings, starters } from './apps.ts'
import type { Channel } from './channel.ts'
import { createSimulatedCodec } from './codec.ts'
import { someGarbage } from './garbage.ts'
import { createMarket } from './market.ts'
import { createOracle } from './oracle.ts'
import { type Prepared, prepare, startsAt } from './prepared.ts'
import { createSimulatedStore, type Objects } from './store.ts'

type Process = { readonly app: string; readonly actor: Actor; readonly log: SimulatedLog }

const logger = pino({ level: 'silent' })
const noMetrics: Metrics = {
  counter: () => () => {},
  gauge: () => Object.assign(() => {}, { forget() {} }),
  reading() {},
  latency: () => ({ record() {}, quantiles: () => ({ n: 0, p50: 0, p90: 0, p99: 0, max: 0 }) }),
  prometheus: async () => '',
  snapshot: async () => ({ values: {}, latencies: {}, rssBytes: 0, cpuSeconds: 0 }),
}

let prepared: Prepared | null = null

/** One history of the whole pipeline, from a marketplace to a channel, and into the archive. */
async function runSeed(seed: number, limits: Limits = {}, print: ((line: string) => void) | null = null): Promise<SeedResult> {
  const { codec, runtime, objects: first, decisions, stages } = prepared!
  const dice = createDice(seed)
  const shape = drawShape(dice, limits)
  const trace = createTrace(print)
  const troubles = createTroubles(dice.fork(1), limits, {
    moments: { dice: dice.fork(5), ...shape.moments },
    quietSteps: shape.quietSteps,
  })
  const scheduler = createScheduler({
    dice: dice.fork(2),
    trace,
    startsAt,
    fateOf: (label) => (away?.test(label) ? 'request lost' : troubles.fateOf(label)),
    onDeath(actor) {
      // One that was replaced while it was frozen dies too, and is nobody's to start again.
      const index = processes.findIndex((process) => process.actor === actor)
      die(index, actor, logs.get(actor)!, processes[index]?.app ?? '')
    },
    onFreeze: (actor) => freeze(actor),
    maxSteps: 60_000,
    maxMillis: 1e9,
    bias: shape.bias,
    slowness: shape.slowness,
  })
  const broker = createBroker(scheduler)
  const settings = topicSettings('', { partitions: shape.partitions })
  for (const { topic, partitions } of settings) broker.createTopic(topic, partitions)
  const compacted = settings.filter(({ config }) => config?.['cleanup.policy'] === 'compact').map(({ topic }) => topic)
  broker.append(
    broker.topic('market.events')[0]!,
    decisions.map((event) => ({ topic: 'market.events', key: marketKey, value: codec.encode('MarketEvent', event) })),
  )
  const objects: Objects = new Map(first)
  const market = createMarket(scheduler, dice.fork(3))
  const channel: Channel = {
    name: shape.canLook ? 'discord:100000000000000001' : 'webhook:100000000000000001',
    canLook: shape.canLook,
    messages: [],
  }
  const around: Surroundings = { scheduler, dice: dice.fork(4), market, channel, runtime }
  const processes: Process[] = []
  const logs = new Map<Actor, SimulatedLog>()
  let failure: Error | null = null
  let born = 0
  /** The calls that nobody answers at present. */
  let away: RegExp | null = null

  function begin(index: number, app: string): void {
    const actor = scheduler.actor(`${app}${born++}`)
    const log = createSimulatedLog(scheduler, broker, actor)
    processes[index] = { app, actor, log }
    logs.set(actor, log)
    const clock = scheduler.clockOf(actor)
    const context = {
      prefix: '',
      clock,
      logger,
      metrics: noMetrics,
      health: createHealth({ clock }),
      log,
      codec: createSimulatedCodec(scheduler, codec, actor),
      store: createSimulatedStore(scheduler, objects, actor),
    }
    // A process that cannot go on ends, and is started again.
    const ended = (error: unknown) => {
      if (!actor.alive) return
      if (!(error instanceof RetryableError || error instanceof FencedError))
        failure ??= new Error(`${actor.name} ended: ${(error as Error).message}`, { cause: error })
      die(
        processes.findIndex((process) => process?.actor === actor),
        actor,
        log,
        app,
      )
    }
    starters[app]!(context, around, actor).then(({ finished }) => finished.catch(ended), ended)
  }

  function die(index: number, actor: Actor, log: SimulatedLog, app: string): void {
    scheduler.kill(actor)
    expireSession(actor, log)
    // One that was replaced while it was frozen is nobody's to start again.
    if (index >= 0) scheduler.parkLater(dice.below(60), null, `${actor.name} is started again`, () => begin(index, app))
  }

  function expireSession(actor: Actor, log: SimulatedLog): void {
    for (const { group, member } of log.memberships)
      scheduler.park(null, `${actor.name} session expires`, () => broker.group(group).expire(member))
  }

  function freeze(actor: Actor): void {
    if (!actor.alive || actor.frozen) return
    scheduler.freeze(actor)
    if (dice.chance(0.8)) expireSession(actor, logs.get(actor)!)
    const index = processes.findIndex((process) => process.actor === actor)
    // One that was replaced already is nobody's to replace again.
    if (index >= 0 && dice.chance(0.5))
      scheduler.parkLater(dice.below(60), null, `${actor.name} is replaced`, () => actor.alive && begin(index, processes[index]!.app))
    scheduler.parkLater(dice.below(200), null, `${actor.name} thaws`, () => scheduler.thaw(actor))
  }

  const actions: Readonly<Record<string, () => void>> = {
    kill() {
      const index = dice.below(processes.length)
      const { actor, log, app } = processes[index]!
      if (actor.alive) die(index, actor, log, app)
    },
    freeze: () => freeze(dice.pick(processes).actor),
    rebalance() {
      const { log } = dice.pick(processes)
      for (const { group } of log.memberships) scheduler.park(null, `a rebalance of ${group}`, () => broker.group(group).rebalance())
    },
    'transactions expire'() {
      scheduler.park(null, 'transactions expire', broker.expireTransactions)
    },
    'clock is set'() {
      scheduler.setBack(dice.pick(processes).actor, dice.between(-3_600_000, 3_600_000))
    },
    ...(shape.hasOutages && {
      outage() {
        if (away !== null) return
        const [server, calls] = dice.pick(Object.entries(servers))
        trace.add(`${server} is away`, undefined)
        away = calls
        void weather.sleep(dice.between(1_000, 60_000)).then(() =>
          scheduler.park(null, `${server} is back`, () => {
            away = null
          }),
        )
      },
    }),
    ...(shape.mess === 'compaction' && {
      compaction() {
        const topic = written()
        const share = dice.uniform()
        scheduler.park(null, `compaction of ${topic}`, () => {
          for (const { storage } of broker.topic(topic)) storage.compact(Math.ceil(share * storage.stable()))
        })
      },
    }),
    ...(shape.mess === 'garbage' && {
      'somebody writes garbage'() {
        const topic = written()
        scheduler.park(null, `garbage in ${topic}`, () => {
          const partition = dice.pick(broker.topic(topic))
          const { records } = partition.storage.read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
          // Under a key of ours, as if it were newer.
          const key = records.length === 0 ? 'nobody' : dice.pick(records).key!
          broker.append(partition, [{ topic, key, value: someGarbage(dice) }])
        })
      },
    }),
  }

  /** A compacted topic, one that holds anything where there is one. */
  const written = () => {
    const own = compacted.filter((topic) => broker.topic(topic).some(({ storage }) => storage.next() > 0))
    return dice.pick(own.length === 0 ? compacted : own)
  }
  const weather = scheduler.clockOf(scheduler.actor('weather'))
  const happenings = scheduler.clockOf(scheduler.actor('market'))
  let moves = 0
  const move = () => {
    if (dice.chance(0.7)) market.offer()
    else market.settle()
    if (++moves < shape.moves) void happenings.sleep(dice.below(1_500)).then(() => scheduler.park(null, 'the market moves', move))
  }
  const oracle = createOracle({ broker, objects, market, channel, codec, stages })
  let looked = 0
  const isDone = () => {
    if (failure !== null) throw failure
    // Looking costs more than a step.
    if (moves < shape.moves || ++looked % 50 !== 0 || !broker.isSettled()) return false
    return oracle.isDone()
  }
  // What was thought of later comes as often as all the rest.
  const more = ['outage', 'compaction', 'somebody writes garbage'].filter((name) => name in actions)
  const names = [...Object.keys(actions), ...more, ...more]
  const before = () => {
    const action = troubles.nextAction(names)
    if (action === null) return
    trace.add(`trouble: ${action}`, undefined)
    actions[action]!()
  }

  let problem: string | null = null
  try {
    for (const [index, app] of shape.apps.entries()) begin(index, app)
    for (let index = 0; index < shape.history; index++) market.settle()
    scheduler.park(null, 'the market moves', move)
    await scheduler.run(isDone, before)
    problem = await oracle.judge()
  } catch (error) {
    if (!(error instanceof SimulationError) && failure !== error) throw error
    problem = `${(error as Error).message}${error instanceof SimulationError ? `: ${oracle.whatIsLeft()}` : ''}`
  }
  for (const { actor } of processes) scheduler.kill(actor)
  return { seed, steps: scheduler.steps(), records: shape.moves, hash: trace.hash(), troubles: troubles.drawn(), problem }
}

/** Each history is about one of them, or its budget is spent on those that come most often. */
const moments = [/^posts/, /^sends to (notifications|outcomes)/, /^puts (?!probes)/, /^(takes over|begins to follow)/, /^ends, committing/]

/** Whose calls are which. */
const servers: Readonly<Record<string, RegExp>> = {
  store: /^(puts|gets|removes) |^lists (?!topics|groups)|^asks about (?!an axie)/,
  registry: /^registers |^asks for (the )?schema/,
  marketplace: /^looks at the |^asks about an axie|^asks for sales|^asks for the exchange rate/,
  channel: /^(posts to|looks into|edits in) /,
}

function drawShape(dice: ReturnType<typeof createDice>, { records }: Limits) {
  // Dice of their own: the histories of seeds that have neither are what they were before these were thought of.
  const more = dice.fork(83)
  const apps = ['collector', 'enricher', 'featurizer', 'scorer', 'alerter', 'notifier', 'ledger', 'archiver']
  const extra = ['enricher', 'featurizer', 'scorer', 'alerter', 'notifier', 'archiver'].filter(() => dice.chance(0.2))
  const moves = dice.between(2, 12)
  return {
    apps: [...apps, ...extra],
    partitions: dice.between(1, 2),
    canLook: dice.chance(0.5),
    history: dice.below(3),
    moves: Math.min(moves, records ?? moves),
    slowness: dice.pick([0, 0.02, 0.1]),
    bias: { newest: dice.pick([0, 0, 0.3]), oldest: dice.pick([0, 0.3, 0.8]) },
    moments: { calls: dice.pick(moments), chance: dice.pick([0, 0.1, 0.3]) },
    quietSteps: dice.pick([0, 150, 300, 600]),
    hasOutages: more.chance(0.3),
    mess: more.chance(0.3) ? more.pick(['compaction', 'garbage'] as const) : null,
  }
}

export const pipelineWorld: World = {
  name: 'pipeline',
  async prepare() {
    prepared ??= await prepare()
  },
  run: runSeed,
}
