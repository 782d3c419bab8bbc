/**
 * What exactly once means, checked on what happened: the records of a stage's input and outputs as a read-committed reader finds them.
 * Pure; whoever reads them decides with which client. Each output must name the input record that it came of.
 */
export type InputRecord = Readonly<{ partition: number; offset: number }>

export type OutputRecord = Readonly<{
  topic: string
  partition: number
  offset: number
  /** The input record it came of. */
  input: InputRecord
  /** Who wrote it, where the reader can tell. */
  writer?: Readonly<{ producerId: string; epoch: number }>
}>

export type History = Readonly<{
  inputs: readonly InputRecord[]
  /** Dead letters included: they are outputs too. In any order. */
  outputs: readonly OutputRecord[]
  /** The group's position by input partition, where it was read. */
  committed?: ReadonlyMap<number, number>
}>

export type Violation = Readonly<{
  kind: 'lost' | 'twice' | 'from nowhere' | 'one offset twice' | 'out of order' | 'older writer' | 'position'
  detail: string
}>

const nameOf = ({ partition, offset }: InputRecord) => `${partition}:${offset}`

/** Empty where every input has its one output, in order, written by nobody who had been succeeded, and the group stands at the end. */
export function checkHistory({ inputs, outputs, committed }: History): Violation[] {
  const sorted = [...outputs].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset)
  return [...checkCounts(inputs, sorted), ...checkPlaces(sorted), ...(committed === undefined ? [] : checkPositions(inputs, committed))]
}

function checkCounts(inputs: readonly InputRecord[], outputs: readonly OutputRecord[]): Violation[] {
  const counts = new Map(inputs.map((input) => [nameOf(input), 0]))
  const violations: Violation[] = []
  for (const { topic, partition, offset, input } of outputs) {
    const before = counts.get(nameOf(input))
    if (before === undefined) violations.push({ kind: 'from nowhere', detail: `${topic}-${partition}@${offset} came of ${nameOf(input)}` })
    else counts.set(nameOf(input), before + 1)
  }
  for (const [name, count] of counts) {
    if (count === 0) violations.push({ kind: 'lost', detail: `input ${name}` })
    if (count > 1) violations.push({ kind: 'twice', detail: `input ${name}, ${count} times` })
  }
  return violations
}

/** `outputs` sorted by place. Looks at each partition of each topic, from its beginning. */
function checkPlaces(outputs: readonly OutputRecord[]): Violation[] {
  const violations: Violation[] = []
  let place = ''
  let previous = -1
  let newest = new Map<number, number>()
  let epochs = new Map<string, number>()
  for (const { topic, partition, offset, input, writer } of outputs) {
    if (`${topic}-${partition}` !== place) {
      place = `${topic}-${partition}`
      previous = -1
      newest = new Map()
      epochs = new Map()
    }
    if (offset === previous) violations.push({ kind: 'one offset twice', detail: `${place}@${offset}` })
    previous = offset
    const last = newest.get(input.partition) ?? -1
    if (input.offset < last)
      violations.push({ kind: 'out of order', detail: `${place}@${offset}: input ${nameOf(input)} after ${input.partition}:${last}` })
    newest.set(input.partition, Math.max(last, input.offset))
    if (writer === undefined) continue
    const epoch = epochs.get(writer.producerId) ?? -1
    if (writer.epoch < epoch)
      violations.push({
        kind: 'older writer',
        detail: `${place}@${offset}: producer ${writer.producerId} epoch ${writer.epoch} after ${epoch}`,
      })
    epochs.set(writer.producerId, Math.max(epoch, writer.epoch))
  }
  return violations
}

/** A group that has done all stands behind the last record of each partition. Markers behind that may be counted in. */
function checkPositions(inputs: readonly InputRecord[], committed: ReadonlyMap<number, number>): Violation[] {
  const ends = new Map<number, number>()
  for (const { partition, offset } of inputs) ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1))
  return [...ends].flatMap(([partition, end]) => {
    const position = committed.get(partition) ?? -1
    return position === end
      ? []
      : [{ kind: 'position', detail: `partition ${partition} ends at ${end}, the group stands at ${position}` } as const]
  })
}

/** For a table: how many inputs are missing from the outputs, and how many are there more than once. */
export function countLostAndTwice(violations: readonly Violation[]): { lost: number; twice: number } {
  const count = (kind: Violation['kind']) => violations.filter((violation) => violation.kind === kind).length
  return { lost: count('lost'), twice: count('twice') }
}
