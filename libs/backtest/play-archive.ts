import { UsageError } from '#lib/app/usage-error.ts'
import type { ArchivedTopic } from '#lib/archive/archive.ts'
import { bodyOf, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { isPromotion, payloadOf, rulesChangedEvent } from '#lib/market/event.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { parseRuleSet, type RuleSet, ruleSetText, rulesHashOf } from '#lib/rules/rule-set.ts'
import { createRulesStore, type RulesStore } from '#lib/rules/rules-store.ts'
import type { OpenedArchive } from '#lib/running/open-archive.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import type { Alert, MarketEvent } from '#schemas/types.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { candidateOf } from './candidate-of.ts'
import { createChain } from './chain.ts'
import type { Candidate } from './money/candidate.ts'
import type { Played, PlayOptions, RecordedAlerts } from './played.ts'

/**
 * An archive is played as it was recorded: real listings with their times, priced by the models and judged by the rules that its own
 * events name (or by `rules`, from the first event on). Where its alerts are archived too and the rules are its own, both are compared.
 * FatalError, with the key, where the archive is damaged or a model is gone.
 */
export async function playArchive({ archive }: Pick<OpenedArchive, 'archive'>, options: PlayOptions): Promise<Played> {
  const { rules, alternatives, progress } = options
  const topic = await archive.newest('market.events')
  const { events, undecodable } = await readEvents({ archive }, topic)
  const [first, last] = [events[0], events.at(-1)]
  if (first === undefined || last === undefined)
    throw new FatalError(`archive ${archive.name} holds no event of market.events that can be read`)
  const span = { from: options.from ?? first.observedAt, to: Math.min(options.to ?? last.observedAt + 1, last.observedAt + 1) }
  if (span.from >= span.to) throw new UsageError(`--from, --to: nothing of ${archive.name} lies between them`)

  const runtime = await startTensorRuntime(options.backend)
  const candidates: Candidate[] = []
  const alerts: Alert[] = []
  const refused: Record<string, number> = undecodable === 0 ? {} : { 'archive undecodable': undecodable }
  const chain = createChain({
    models: createModelCache({ store: archive.store, capacity: 8, onRefused: ({ message }) => fail(message) }),
    itemModels: createItemModelCache({ store: archive.store, onRefused: ({ message }) => fail(message) }),
    rules: rulesOf(createRulesStore(archive.store), rules),
    backend: runtime.backend,
    codeVersion: packageJson.version,
    partitions: options.partitions,
    alternatives,
    onDecided(decided) {
      alerts.push(...(decided.verdicts[0]?.alerts ?? []))
      const { observedAt } = decided.scored.listing
      if (observedAt >= span.from && observedAt < span.to) candidates.push(candidateOf(decided))
    },
    onRefused: (stage, code) => {
      refused[`${stage} ${code}`] = (refused[`${stage} ${code}`] ?? 0) + 1
    },
  })
  const played = rules === null ? events : ruledBy(rules, events)
  for (let from = 0; from < played.length; from += 5_000) {
    await chain.play(played.slice(from, from + 5_000))
    progress.show(Math.min(1, (from + 5_000) / played.length), 'playing')
  }
  return {
    events,
    candidates,
    refused,
    span,
    source: first.source,
    backend: runtime,
    models: promotionsOf(events),
    ruleSets: [rules ?? lastRulesOf(events), ...alternatives],
    race: 'observed',
    lookahead: null,
    recordedAlerts: rules === null ? await compareAlerts({ archive }, alerts) : null,
  }
}

function fail(message: string): never {
  throw new FatalError(message)
}

async function readEvents({ archive }: Pick<OpenedArchive, 'archive'>, topic: ArchivedTopic) {
  const codec = archive.codec(topic)
  const events: MarketEvent[] = []
  let undecodable = 0
  for await (const { value } of archive.records(topic)) {
    try {
      if (value === null) throw new RejectedError('no_value', 'the record has no value')
      events.push(await codec.decode('MarketEvent', value))
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      undecodable++
    }
  }
  return { events, undecodable }
}

/** The same events under other rules: those that were decided then are left out. */
function ruledBy(rules: RuleSet, events: readonly MarketEvent[]): MarketEvent[] {
  const { observedAt, source } = events[0] as MarketEvent
  const change = { rulesHash: rulesHashOf(rules), rules: ruleSetText(rules), reason: 'backtest' }
  const others = events.filter((event) => payloadOf(event).kind !== 'RulesChanged')
  return [rulesChangedEvent(change, { observedAt, origin: 'live', source }), ...others]
}

/** What is tried is in no store. */
function rulesOf(stored: RulesStore, rules: RuleSet | null): Pick<RulesStore, 'load' | 'known'> {
  if (rules === null) return stored
  const hash = rulesHashOf(rules)
  return {
    load: async (wanted) => (wanted === hash ? rules : stored.load(wanted)),
    known: (wanted) => (wanted === hash ? rules : stored.known(wanted)),
  }
}

const promotionsOf = (events: readonly MarketEvent[]): Played['models'] =>
  events.flatMap((event) => {
    const payload = payloadOf(event)
    return isPromotion(payload)
      ? [{ from: event.observedAt, to: null, modelId: payload.value.modelId, trainedUntil: null, trainedOnSales: null }]
      : []
  })

function lastRulesOf(events: readonly MarketEvent[]): RuleSet {
  for (const event of events.toReversed()) {
    const { kind, value } = payloadOf(event)
    if (kind === 'RulesChanged') return parseRuleSet(value.rules)
  }
  throw new FatalError('the archive names no rules: give --rules NAME or FILE')
}

/** By id, the Avro body byte for byte: the schema's number in front of it is the registry's own. */
async function compareAlerts({ archive }: Pick<OpenedArchive, 'archive'>, alerts: readonly Alert[]): Promise<RecordedAlerts | null> {
  if (!(await archive.topics()).some(({ topic }) => topic === 'alerts')) return null
  const topic = await archive.newest('alerts')
  const theirs = archive.codec(topic)
  const ours = createCodec({ registry: createMemoryRegistry() })
  await ours.prepare(['Alert'])
  const bodies = new Map(alerts.map((alert) => [identityOf(alert), bodyOf(ours.encode('Alert', alert))]))
  let [recorded, identical] = [0, 0]
  let firstDifferent: string | null = null
  for await (const { value } of archive.records(topic)) {
    if (value === null) continue
    recorded++
    const alert = await theirs.decode('Alert', value)
    if (bodies.get(identityOf(alert))?.equals(bodyOf(value)) === true) identical++
    else firstDifferent ??= alert.alertId
  }
  return { recorded, played: alerts.length, identical, firstDifferent }
}

/** A Dutch ask may be alerted again at a lower price, under the same id. */
const identityOf = ({ alertId, scored }: Alert): string => `${alertId} ${scored.listing.eventId}`
