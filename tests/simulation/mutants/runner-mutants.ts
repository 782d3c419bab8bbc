import type { Mutant } from './mutants.ts'

type Fault = Omit<Mutant, 'world' | 'file'>

const inFile = (file: string, faults: readonly Fault[]): Mutant[] => faults.map((fault) => ({ ...fault, file, world: 'runner' }))

/** Faults of the runner and its parts: each breaks a promise that only an unlucky order of events shows. */
export const runnerMutants: readonly Mutant[] = [
  ...inFile('libs/stream/runtime/committer.ts', [
    {
      name: 'position read before the fence',
      from: '      await producer.fence()\n      return admin.committed(group, partition)',
      to: '      const taken = producer\n      const position = await admin.committed(group, partition)\n      await taken.fence()\n      return position',
    },
    {
      name: 'dead letters outside the transaction',
      from: '    commit: (records, committed, batch) =>\n      producer!.commitTransaction({ records,',
      to: "    commit: async (records, committed, batch) => (await log.producer().send(records.filter(({ topic }) => topic === 'dead-letters')),\n      producer!).commitTransaction({ records: records.filter(({ topic }) => topic !== 'dead-letters'),",
    },
    {
      name: 'position committed outside the transaction',
      from: 'commitTransaction({ records, position: { group, partition, committed }, beforeCommit: batch.heartbeat }),',
      to: 'commitTransaction({ records, beforeCommit: batch.heartbeat }).then(() => log.transactionalProducer(String(group))).then(async (other) => (await other.fence(), other.commitTransaction({ records: [], position: { group, partition, committed } }))),',
    },
    {
      name: 'at least once: position before outputs',
      from: '      if (records.length > 0) await producer!.send(records)\n      await consumer.commit(partition, committed)',
      to: '      await consumer.commit(partition, committed)\n      if (records.length > 0) await producer!.send(records)',
    },
  ]),
  ...inFile('libs/stream/runtime/task-state.ts', [
    {
      name: 'committed offset one too small',
      from: 'committed: { offset: position, metadata }',
      to: 'committed: { offset: position - 1, metadata }',
    },
    {
      name: 'committed offset one too large',
      from: 'committed: { offset: position, metadata }',
      to: 'committed: { offset: position + 1, metadata }',
    },
    {
      name: 'after a take-over, the state kept whatever was committed',
      from: "return committed === (state.type === 'holding' ? state.pending.before : state.committed) ? 'still right' : 'begin anew'",
      to: "return 'still right'",
    },
    {
      name: 'an outcome that was a commit after all is sent again',
      from: "committed === state.pending.committed.offset) return 'was committed'",
      to: "committed === state.pending.committed.offset) return 'still right'",
    },
  ]),
  ...inFile('libs/stream/runtime/take-over.ts', [
    {
      name: 'a state read from the log keeps what retention took from it',
      from: 'if (warm !== null && fits(warm, committed, first)) return warm',
      to: 'if (warm !== null) return warm',
    },
  ]),
  ...inFile('libs/stream/runtime/batch-work.ts', [
    {
      name: 'no take-over after a commit of unknown outcome',
      from: '    task.loseTenure()\n    if (error instanceof RetryableError)',
      to: '    if (error instanceof RetryableError)',
    },
    {
      name: 'what was folded and not committed is not sent again',
      from: "if (found.type === 'holding') await commit(found.pending, work)",
      to: "if (found.type === 'holding') task.settle(found.pending)",
    },
    {
      name: 'one record too few folded silently',
      from: 'countBefore(records, state.restore.until)\n',
      to: 'countBefore(records, state.restore.until - 1)\n',
    },
    {
      name: 'records read before the take-over are folded a second time',
      from: 'const records = after(batch.records, state.position)',
      to: 'const records = batch.records',
    },
  ]),
  ...inFile('libs/stream/runtime/fold.ts', [
    {
      name: 'checkpoint of the state after its record',
      from: 'checkpoints.push({ offset: input.record.offset, clock, carry: carryNow() })',
      to: 'checkpoints.push({ offset: input.record.offset + 1, clock, carry: carryNow() })',
    },
    {
      name: 'carry of now, not of where the restore begins',
      from: '      return checkpoints[0]!\n',
      to: '      return { ...checkpoints[0]!, carry: carryNow() }\n',
    },
    {
      name: 'restore from half the horizon',
      from: 'clock - horizonMillis\n',
      to: 'clock - horizonMillis / 2\n',
    },
    {
      name: 'the carry is not restored',
      from: 'from.carry === undefined ? undefined : JSON.parse(from.carry)',
      to: 'undefined',
    },
  ]),
  ...inFile('libs/stream/runtime/standby-state.ts', [
    {
      // Either line alone refuses whatever retention may have taken records from: both are gone here, in following and in handing over.
      name: 'standby goes on from a state that the commit does not name',
      from: ' && first <= heldFrom && fold.passed(checkpoint)',
      to: '',
    },
  ]),
  ...inFile('libs/stream/runtime/partition-standby.ts', [
    {
      // Alone, folding too far only makes a standby late: who takes over refuses a state that is beyond the commit, and folds anew.
      name: 'standby one record ahead, and taken over as it is',
      from: 'rest.slice(0, countBefore(rest, kept.limit))',
      to: 'rest.slice(0, countBefore(rest, kept.limit) + 1)',
      and: [{ file: 'libs/stream/runtime/standby-state.ts', from: 'position <= committed.offset && ', to: '' }],
    },
    {
      name: 'standby folds on into a state that was given up',
      from: 'if (inputs === null || heldFor(fold) === null) return',
      to: 'if (inputs === null) return',
    },
    {
      name: 'standby hands over a position that it has not folded',
      from: "    fold.apply(inputs)\n    move({ type: 'folded', fold, position: records.at(-1)!.offset + 1 })",
      to: "    move({ type: 'folded', fold, position: records.at(-1)!.offset + 1 })\n    if (released.aborted) return\n    fold.apply(inputs.slice(0, 3))",
    },
  ]),
  ...inFile('libs/stream/runtime/batch-work.ts', [
    {
      name: 'whether a group lost its position is asked once, and not again after a failure',
      from: 'if (pending.before === null) await beginFirst(pending, options)',
      to: 'const asking = pending as { asked?: true }\n  if (pending.before === null && asking.asked === undefined) {\n    asking.asked = true\n    await beginFirst(pending, options)\n  }',
    },
  ]),
  ...inFile('libs/stream/runtime/first-start.ts', [
    {
      name: 'a group that lost its position begins anew',
      from: '  if (await standsSomewhere(start)) return\n  for (const output of outputs)',
      to: '  for (const output of await standsSomewhere(start) ? [] : [].slice.call(outputs) as string[])',
    },
  ]),
  ...inFile('libs/stream/runtime/slice.ts', [
    {
      name: 'a refused record takes the result of the next',
      from: "return isInput(item) ? processed() : { type: 'reject', ...item }",
      to: "if (isInput(item)) return processed()\n  const outcome = { type: 'reject' as const, ...item }\n  processed()\n  return outcome",
    },
  ]),
]
