import { FatalError } from '#lib/errors/errors.ts'
import { type TopicName, topicName, topics } from '#lib/market/topics.ts'
import type { Input, Processor } from '#lib/stream/processor.ts'
import { createRunner } from '#lib/stream/runtime/runner.ts'
import { createRunnerMetrics, traced } from '#lib/stream/runtime/runner-metrics.ts'
import type { RecordName, RecordTypes } from '#schemas/types.ts'
import type { AppContext, RunningApp } from './app.ts'

/** Topics that hold records of a schema. */
type SchemaTopic = { [Name in TopicName]: (typeof topics)[Name]['schema'] extends RecordName ? Name : never }[TopicName]

export type StageOptions<In extends SchemaTopic, Out extends SchemaTopic, State> = Readonly<{
  /** Also the consumer group and the stem of transactional ids, behind the run's prefix. */
  name: string
  input: In
  /** None: its only answers are dead letters. */
  outputs: readonly Out[]
  processor: Processor<RecordTypes[(typeof topics)[In]['schema']], RecordTypes[(typeof topics)[Out]['schema']], State>
  /** Loads what a batch names (models, rules) before it is processed. */
  prepare?: (inputs: readonly Input<RecordTypes[(typeof topics)[In]['schema']]>[]) => void | Promise<void>
  /** Members without partitions keep the state of those that have some warm. For a processor with memory. */
  standby?: boolean
  /** Work to be ended before the log is closed, such as following another topic. */
  stop?: () => Promise<void>
}>

/** A take-over folds what was committed within this long, which takes milliseconds; asking costs two small requests. */
const standbyPollMillis = 1_000

/** An app that is one pure processor between two topics: the usual case. Registers the schema it writes before it reads a record. */
export async function startStage<In extends SchemaTopic, Out extends SchemaTopic, State>(
  context: AppContext,
  { name, input, outputs, processor, prepare, standby = false, stop }: StageOptions<In, Out, State>,
): Promise<RunningApp> {
  const { config, prefix, clock, logger, metrics, health, log, codec } = context
  const inputSchema: (typeof topics)[In]['schema'] = topics[input].schema
  const outputSchemas = new Map<string, (typeof topics)[Out]['schema']>(
    outputs.map((output) => [topicName(prefix, output), topics[output].schema]),
  )
  await codec.prepare([...outputSchemas.values()])
  const runner = createRunner({
    name,
    log,
    clock,
    logger,
    group: `${prefix}${name}`,
    input: { topic: topicName(prefix, input), decode: (bytes) => codec.decode(inputSchema, bytes) },
    // The processor names topics as the design does; the run's prefix is the runner's business.
    processor: {
      ...processor,
      process: (batch, state) =>
        processor
          .process(batch, state)
          .map((result) =>
            result.type === 'reject' || result.outputs === undefined
              ? result
              : { ...result, outputs: result.outputs.map((made) => ({ ...made, topic: `${prefix}${made.topic}` })) },
          ),
    },
    encode: ({ topic, value }) => {
      const schema = outputSchemas.get(topic)
      if (schema === undefined) throw new FatalError(`${name} writes to ${topic}: name it among the stage's outputs`)
      return codec.encode(schema, value)
    },
    outputs: [...outputSchemas.keys()],
    deadLetters: topicName(prefix, 'dead-letters'),
    guarantee: config.PROCESSING_GUARANTEE,
    ...(prepare === undefined ? {} : { prepare }),
    ...(standby ? { standby: { pollMillis: standbyPollMillis } } : {}),
    metrics: traced(createRunnerMetrics(metrics), name, context.traces),
    health,
  })
  await runner.start()
  return {
    finished: runner.finished,
    async stop() {
      await runner.stop()
      await stop?.()
    },
  }
}
