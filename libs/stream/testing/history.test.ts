import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkHistory, countLostAndTwice, type History, type OutputRecord } from './history.ts'

const input = (partition: number, offset: number) => ({ partition, offset })
const output = (offset: number, from: { partition: number; offset: number }, rest: Partial<OutputRecord> = {}): OutputRecord => ({
  topic: 'out',
  partition: 0,
  offset,
  input: from,
  ...rest,
})
const kindsOf = (history: History) => checkHistory(history).map(({ kind }) => kind)

describe('the history checker', () => {
  it('finds nothing where every input has its one output, whatever was aborted in between', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ partition: fc.nat(3), gap: fc.nat(2), to: fc.nat(2) }), { maxLength: 50 }), (steps) => {
        const inputs = steps.map(({ partition }, index) => input(partition, index))
        let offset = 0
        const outputs = steps.map(({ gap, to }, index) => {
          offset += 1 + gap
          return output(offset, inputs[index]!, { partition: to, writer: { producerId: '7', epoch: Math.floor(index / 5) } })
        })
        const committed = new Map(inputs.map(({ partition, offset }) => [partition, offset + 1]))
        expect(checkHistory({ inputs, outputs: outputs.toReversed(), committed })).toEqual([])
      }),
    )
  })

  it('names an input that has no output, and one that has two', () => {
    const inputs = [input(0, 0), input(0, 1), input(0, 2)]
    const violations = checkHistory({ inputs, outputs: [output(0, inputs[0]!), output(1, inputs[2]!), output(2, inputs[2]!)] })
    expect(violations).toEqual([
      { kind: 'lost', detail: 'input 0:1' },
      { kind: 'twice', detail: 'input 0:2, 2 times' },
    ])
    expect(countLostAndTwice(violations)).toEqual({ lost: 1, twice: 1 })
  })

  it('counts one input in two partitions, or as output and dead letter, as twice', () => {
    const inputs = [input(0, 0)]
    expect(kindsOf({ inputs, outputs: [output(0, inputs[0]!), output(0, inputs[0]!, { partition: 1 })] })).toEqual(['twice'])
    expect(kindsOf({ inputs, outputs: [output(0, inputs[0]!), output(0, inputs[0]!, { topic: 'dead' })] })).toEqual(['twice'])
  })

  it('knows an output that came of no input', () => {
    expect(kindsOf({ inputs: [], outputs: [output(0, input(0, 9))] })).toEqual(['from nowhere'])
  })

  it('knows a reader that hands one offset out twice', () => {
    const inputs = [input(0, 0), input(0, 1)]
    expect(kindsOf({ inputs, outputs: [output(5, inputs[0]!), output(5, inputs[1]!)] })).toEqual(['one offset twice'])
  })

  it('wants the order of each input partition in each output partition, and none between them', () => {
    const inputs = [input(0, 0), input(0, 1), input(1, 0)]
    const outputs = (order: number[]) => order.map((index, offset) => output(offset, inputs[index]!))
    expect(kindsOf({ inputs, outputs: outputs([0, 2, 1]) })).toEqual([])
    expect(kindsOf({ inputs, outputs: outputs([1, 2, 0]) })).toEqual(['out of order'])
  })

  it('knows a record of a writer that had been succeeded', () => {
    const inputs = [input(0, 0), input(0, 1), input(0, 2)]
    const outputs = [1, 2, 1].map((epoch, index) => output(index, inputs[index]!, { writer: { producerId: '4', epoch } }))
    expect(kindsOf({ inputs, outputs })).toEqual(['older writer'])
  })

  it('wants the group behind the last record, neither before it nor beyond', () => {
    const inputs = [input(0, 0), input(0, 1)]
    const outputs = inputs.map((from, offset) => output(offset, from))
    const at = (position: number) => kindsOf({ inputs, outputs, committed: new Map([[0, position]]) })
    expect([at(1), at(2), at(3)]).toEqual([['position'], [], ['position']])
    expect(kindsOf({ inputs, outputs, committed: new Map() })).toEqual(['position'])
  })
})
