import type { Mutant } from './mutants.ts'

type Fault = Omit<Mutant, 'world' | 'file'>

const inFile = (file: string, faults: readonly Fault[]): Mutant[] => faults.map((fault) => ({ ...fault, file, world: 'pipeline' }))

/** Faults where the pipeline meets the world: objects, messages, pages of a marketplace. */
export const pipelineMutants: readonly Mutant[] = [
  ...inFile('libs/archive/partition-archiver.ts', [
    {
      name: 'an object ends without a seal',
      from: 'const end = await segments.seal(partition, { begin: open.begin, end: lastOffset(open) + 1 })',
      to: 'const end = lastOffset(open) + 1',
    },
    {
      name: 'the position of what is only held is committed',
      from: 'const durable = inside !== null ? next : (segment?.begin ?? 0)',
      to: 'const durable = next',
    },
    {
      name: 'what lies behind the end of an object is dropped',
      from: '    return rest ?? segmentAfter(taken, end)',
      to: '    return segmentAfter(taken, end)',
    },
    {
      name: 'records of a batch that comes again are taken twice',
      from: '        if (record.offset < next) continue\n',
      to: '',
    },
  ]),
  ...inFile('libs/archive/segment-store.ts', [
    {
      name: "another run's seal taken as one's own",
      from: "return answer === 'created' ? end : decodeSeal(await mustGet(store, key), key)",
      to: "return answer === 'created' ? end : end",
    },
    {
      name: 'committed before the manifest is written',
      from: '      await writeManifest(store, manifestKey',
      to: '      void writeManifest(store, manifestKey',
    },
  ]),
  ...inFile('libs/stream/sink/hand.ts', [
    {
      name: 'position committed before the sink has written',
      from: '  const durable = await persevere(() => {',
      to: "  await commit({ offset: batch.nextOffset, metadata: '' }, hand, options)\n  const durable = await persevere(() => {",
    },
  ]),
  ...inFile('apps/notifier/delivery/desk.ts', [
    {
      name: 'posted without an intent',
      from: "  return { ...state, step: { type: 'claim', ids: [id], as: 'sent', reference: nonceOf(id, facts.place.name) } }",
      to: "  return claimed(state, { type: 'claim', ids: [id], as: 'sent', reference: nonceOf(id, facts.place.name) }, new Map(), facts)",
    },
  ]),
  ...inFile('apps/notifier/delivery/desk-effects.ts', [
    {
      name: 'who lost the claim posts all the same',
      from: '    const lost = ids.filter((id) => !ours.has(id))',
      to: '    const lost = ids.filter((id) => ours === undefined)',
    },
  ]),
  ...inFile('apps/notifier/delivery/delivery.ts', [
    {
      name: 'an intent without outcome taken as not posted',
      from: 'if (newest === undefined || isGivenUp(newest)) return',
      to: "if (newest === undefined || newest.status === 'intended' || isGivenUp(newest)) return",
    },
    {
      name: 'what was refused for now is said to be sent',
      from: "    case 'limited':\n",
      to: "    case 'limited':\n      return closing({ status: as })\n",
    },
    {
      name: 'an answer that was lost taken as a refusal',
      from: "    case 'unknown':\n",
      to: "    case 'unknown':\n      if (posting.problem !== '') return closing({ status: 'failed', detail: posting.problem })\n",
    },
  ]),
  ...inFile('apps/notifier/delivery/intents.ts', [
    {
      name: 'an intent that came too late is the last word',
      from: "].join(' ')",
      to: "].slice(0, 2).join(' ')",
    },
  ]),
  ...inFile('apps/notifier/delivery/in-hand.ts', [
    {
      name: 'position of alerts that are still in hand is committed',
      from: 'const done = first === -1 ? inHand.length : first',
      to: 'const done = first === -1 ? inHand.length : inHand.length',
    },
  ]),
  ...inFile('libs/stream/runtime/transactional-writer.ts', [
    {
      name: "the collector's place outside the transaction",
      from: 'await producer.commitTransaction({ records: [...records, stateRecord(value)] })',
      to: 'await producer.commitTransaction({ records })\n        await log.producer().send([stateRecord(value)])',
    },
    {
      name: "the collector's place read before the fence",
      from: '        await opening.fence()\n        const newest = await readNewest(log, state, isState)',
      to: '        const newest = await readNewest(log, state, isState)\n        await opening.fence()',
    },
  ]),
  ...inFile('libs/stream/runtime/transactional-writer.ts', [
    {
      name: 'whatever lies under its key is the place of the collector',
      from: '(record.value === null || (await isState(record.value)))',
      to: 'record.value !== undefined',
    },
  ]),
  ...inFile('libs/codec/decode-known.ts', [
    {
      name: 'what cannot be read in a compacted topic ends its reader',
      from: '    if (!(error instanceof RejectedError)) throw error\n',
      to: '    if (!(error instanceof RejectedError) || onUnreadable !== undefined) throw error\n',
    },
  ]),
  ...inFile('libs/errors/until-available.ts', [
    {
      name: 'who waits for a server gives up while it is away for long',
      from: '      onWait?.(error.message, attempt)\n',
      to: '      if (attempt > 5) throw new Error(error.message)\n      onWait?.(error.message, attempt)\n',
    },
  ]),
  ...inFile('apps/collector/committer.ts', [
    {
      name: 'not read again after a commit of unknown outcome',
      from: '        state = await openState(options, { isStart: false })',
      to: '        await openState(options, { isStart: false })',
    },
  ]),
  ...inFile('apps/collector/processor.ts', [
    {
      name: 'a rate that was written is written again',
      from: '  if (state.exchangeRateAt === marketTime) return { events: [], rejects: [], state }\n',
      to: '',
    },
  ]),
  ...inFile('apps/ledger/outcome-publisher.ts', [
    {
      name: 'an outcome that could not be written is given up',
      from: '        onTrouble?.(error.message)\n        await clock.sleep',
      to: '        return true\n        await clock.sleep',
    },
  ]),
]
