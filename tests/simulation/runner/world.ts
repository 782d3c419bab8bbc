import { pino } from 'pino'
import type { CommittedOffset, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import { parseMetadata } from '#lib/stream/runtime/offset-metadata.ts'
import { createRunner, type Runner } from '#lib/stream/runtime/runner.ts'
import { createDice } from '../kernel/dice.ts'
import { type Actor, createScheduler, SimulationError } from '../kernel/scheduler.ts'
import type { SeedResult, World } from '../kernel/seeds.ts'
import { createTrace } from '../kernel/trace.ts'
import { createTroubles, type Limits } from '../kernel/troubles.ts'
import { type Broker, createBroker, keyOf, type Partition } from '../log/broker.ts'
import { createSimulatedLog, type SimulatedLog } from '../log/log.ts'
import { createFeed, decodeEvent } from './feed.ts'
import { judge } from './oracle.ts'
import { type Answer, createTrailProcessor, type Event } from './processor.ts'

export const topics = { input: 'in', output: 'out', deadLetters: 'dead-letters' }
const group = 'window'
const logger = pino({ level: 'silent' })
const processor = createTrailProcessor(topics.output)
const startsAt = 1_700_000_000_000

type Process = Readonly<{ actor: Actor; log: SimulatedLog; runner: Runner }>

/** One history of a stage: some processes of one group, their log, and what goes wrong, all by the seed. */
async function runSeed(seed: number, limits: Limits = {}, print: ((line: string) => void) | null = null): Promise<SeedResult> {
  const dice = createDice(seed)
  const shape = drawShape(dice, limits)
  const trace = createTrace(print)
  const troubles = createTroubles(dice.fork(1), limits)
  const scheduler = createScheduler({
    dice: dice.fork(2),
    trace,
    startsAt,
    fateOf: troubles.fateOf,
    maxSteps: 20_000,
    maxMillis: 1e9,
    bias: shape.bias,
    slowness: shape.slowness,
  })
  const broker = createBroker(scheduler)
  broker.createTopic(topics.input, shape.partitions)
  broker.createTopic(topics.output, 1)
  broker.createTopic(topics.deadLetters, 1)

  const processes: Process[] = []
  let failure: Error | null = null
  let born = 0
  /** The group's positions before they expired. */
  let expired: ReadonlyMap<string, CommittedOffset> = new Map()

  function begin(index: number): void {
    const actor = scheduler.actor(`${'abc'[index]}${born++}`)
    const log = createSimulatedLog(scheduler, broker, actor)
    const runner = createRunner<Event, Answer, unknown>({
      name: 'window',
      log: {
        ...log,
        consumer: (options) => log.consumer({ ...options, maxBytesPerPartition: shape.batchBytes }),
      },
      clock: scheduler.clockOf(actor),
      logger,
      group,
      input: { topic: topics.input, decode: decodeEvent },
      processor: processor as never,
      encode: ({ value }) => Buffer.from(JSON.stringify(value)),
      deadLetters: topics.deadLetters,
      outputs: [topics.output],
      guarantee: shape.guarantee,
      maxRecordsPerTransaction: shape.sliceRecords,
      ...(shape.standby ? { standby: { pollMillis: 50 } } : {}),
      ...(shape.prepares ? { prepare: () => scheduler.call<void>(actor, 'loads what inputs name', undefined, ({ give }) => give()) } : {}),
    })
    processes[index] = { actor, log, runner }
    const fail = (error: Error) => {
      // It refused to begin anew: a person says where to go on, with no member running, and starts all again.
      if (actor.alive && expired.size > 0 && / has no position in /.test(error.message))
        return whileAllAreAway('positions are set by hand', (offsets) => {
          for (const [partition, committed] of expired) offsets.set(partition, offsets.get(partition) ?? committed)
        })
      if (actor.alive) failure ??= new Error(`${actor.name} ended: ${error.message}`, { cause: error })
    }
    // A retryable error at the start ends the process, and it is started again, as Kubernetes does.
    runner.start().catch(fail)
    runner.finished.catch(fail)
  }

  const inputs = createFeed(dice.fork(3), topics.input, shape.records, shape.partitions)
  const feeding = scheduler.clockOf(scheduler.actor('feeder'))
  let fed = 0
  const feed = () => {
    const { record, partition, aborted } = inputs[fed++]!
    const target = broker.topic(topics.input)[partition]!
    if (aborted) {
      const transaction = { state: 'aborted' as const }
      broker.append(target, [record], transaction)
      target.storage.appendMarker(scheduler.clock.now(), transaction)
    }
    broker.append(target, [record])
    if (fed < inputs.length) void feeding.sleep(dice.below(shape.pauseMillis)).then(() => scheduler.park(null, 'feeds', feed))
  }

  const expireSession = ({ actor, log }: Process) => {
    for (const { group: name, member } of log.memberships)
      scheduler.park(null, `${actor.name} session expires`, () => broker.group(name).expire(member))
  }

  /** All are gone: no transaction is left by then, and no member. Then something happens to the positions, and all are started again. */
  function whileAllAreAway(what: string, act: (offsets: Map<string, CommittedOffset>) => void): void {
    for (const process of processes) {
      scheduler.kill(process.actor)
      expireSession(process)
    }
    broker.expireTransactions()
    const waitUntilGone = () =>
      scheduler.park(null, what, () => {
        if (!broker.isSettled() || broker.group(group).members().length > 0) return waitUntilGone()
        act(broker.group(group).offsets)
        for (const index of processes.keys()) begin(index)
      })
    waitUntilGone()
  }

  const kept: LogRecord[][] = Array.from({ length: shape.partitions }, () => [])
  const retention = () => {
    keep(broker, kept)
    for (const partition of broker.topic(topics.input)) broker.deleteBefore(partition, neededFrom(broker, partition))
  }

  const actions: Readonly<Record<string, () => void>> = {
    'all are away until their positions expire'() {
      // At least once, a stage without a position may make its outputs again. One that made nothing but dead letters looks like a new one.
      if (shape.guarantee === 'at_least_once' || visible(broker, topics.output).length === 0) return
      // One that is to be started again soon is not away.
      if (!processes.every(({ actor }) => actor.alive)) return
      whileAllAreAway('positions expire', (offsets) => {
        expired = new Map([...expired, ...offsets])
        offsets.clear()
      })
    },
    kill() {
      const index = dice.below(processes.length)
      const victim = processes[index]!
      if (!victim.actor.alive) return
      scheduler.kill(victim.actor)
      expireSession(victim)
      scheduler.parkLater(dice.below(60), null, `${victim.actor.name} is started again`, () => begin(index))
    },
    freeze() {
      const victim = dice.pick(processes)
      if (!victim.actor.alive || victim.actor.frozen) return
      scheduler.freeze(victim.actor)
      if (dice.chance(0.8)) expireSession(victim)
      scheduler.parkLater(dice.below(120), null, `${victim.actor.name} thaws`, () => scheduler.thaw(victim.actor))
    },
    'session expires'() {
      expireSession(dice.pick(processes))
    },
    rebalance() {
      scheduler.park(null, 'a rebalance begins', () => broker.group(group).rebalance())
    },
    'transactions expire'() {
      scheduler.park(null, 'transactions expire', broker.expireTransactions)
    },
    retention() {
      scheduler.park(null, 'retention', retention)
    },
    'clock is set'() {
      scheduler.setBack(dice.pick(processes).actor, dice.between(-3_600_000, 3_600_000))
    },
    ...(shape.handsOverBehind && {
      /** The one that comes next may have a state that has missed what was deleted, and know of neither. */
      'freeze until retention has passed'() {
        const { actor } = dice.pick(processes)
        if (!actor.alive || actor.frozen) return
        scheduler.freeze(actor)
        scheduler.parkLater(dice.between(20, 200), null, `retention passes ${actor.name}`, () => {
          retention()
          expireSession(dice.pick(processes))
          scheduler.thaw(actor)
        })
      },
    }),
  }
  const names = [...Object.keys(actions), ...Array<string>(shape.handsOverBehind ? 6 : 0).fill('freeze until retention has passed')]
  const before = () => {
    const action = troubles.nextAction(names)
    if (action === null) return
    trace.add(`trouble: ${action}`, undefined)
    actions[action]!()
  }
  const isDone = () => {
    if (failure !== null) throw failure
    const positions = new Map(broker.topic(topics.input).map((partition) => [partition, positionOf(partition)]))
    if (fed < inputs.length || !broker.isSettled()) return false
    return [...positions].every(([partition, position]) => isDoneWith(partition, position))
  }
  /** At least once, a late commit may set the group back behind what it had done: whoever starts next does that again, but nobody need. */
  const reached = new Map<string, number>()
  const positionOf = ({ storage, tp }: Partition): number => {
    const position = broker.group(group).offsets.get(keyOf(tp))?.offset ?? storage.first()
    if (shape.guarantee === 'exactly_once') return position
    reached.set(keyOf(tp), Math.max(position, reached.get(keyOf(tp)) ?? 0))
    return reached.get(keyOf(tp))!
  }

  let problem: string | null = null
  try {
    for (let index = 0; index < shape.members; index++) begin(index)
    if (inputs.length > 0) scheduler.park(null, 'feeds', feed)
    await scheduler.run(isDone, before)
    keep(broker, kept)
    problem = judge({
      inputs: kept,
      outputs: visible(broker, topics.output),
      deadLetters: visible(broker, topics.deadLetters),
      processor,
      exactlyOnce: shape.guarantee === 'exactly_once',
    })
  } catch (error) {
    if (!(error instanceof SimulationError) && failure !== error) throw error
    problem = (error as Error).message
  }
  for (const { actor } of processes) scheduler.kill(actor)
  return { seed, steps: scheduler.steps(), records: shape.records, hash: trace.hash(), troubles: troubles.drawn(), problem }
}

function drawShape(dice: ReturnType<typeof createDice>, { records }: Limits) {
  // Dice of their own: the histories of seeds that have neither are what they were before these were thought of.
  const more = dice.fork(83)
  const prepares = more.chance(0.3)
  const handsOverBehind = more.chance(0.3)
  const shape = {
    prepares,
    handsOverBehind,
    partitions: dice.between(1, 2),
    members: dice.between(1, 3),
    standby: dice.chance(0.5),
    records: dice.between(1, 24),
    batchBytes: dice.between(1, 500),
    sliceRecords: dice.between(1, 6),
    guarantee: dice.chance(0.9) ? ('exactly_once' as const) : ('at_least_once' as const),
    slowness: dice.pick([0, 0.05, 0.2]),
    pauseMillis: dice.pick([1, 20, 200]),
    bias: { newest: dice.pick([0, 0, 0.3, 0.8]), oldest: dice.pick([0, 0.3, 0.8]) },
  }
  // One that stands by is behind when records come faster than it asks where the group stands.
  const behind = handsOverBehind ? { standby: true, members: more.between(2, 3), records: more.between(12, 24), pauseMillis: 1 } : {}
  return { ...shape, ...behind, records: Math.min(behind.records ?? shape.records, records ?? Number.POSITIVE_INFINITY) }
}

/** Nothing visible lies at or behind the position. */
const isDoneWith = ({ storage }: Partition, position: number): boolean =>
  storage.read(position, Number.POSITIVE_INFINITY, 1).records.length === 0

/** What a reader still needs, were it to restore now. */
function neededFrom(broker: Broker, { tp, storage }: Partition): number {
  const committed = broker.group(group).offsets.get(keyOf(tp))
  return committed === undefined ? storage.first() : (parseMetadata(committed.metadata)?.offset ?? storage.first())
}

const visible = (broker: Broker, topic: string): LogRecord[] =>
  broker.topic(topic).flatMap(({ storage }) => storage.read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).records)

/** The input as it was written, before retention takes the beginning. */
function keep(broker: Broker, kept: LogRecord[][]): void {
  for (const { tp, storage } of broker.topic(topics.input) as readonly { tp: TopicPartition; storage: Partition['storage'] }[]) {
    const own = kept[tp.partition]!
    own.push(...storage.read((own.at(-1)?.offset ?? -1) + 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).records)
  }
}

export const runnerWorld: World = { name: 'runner', run: runSeed }
