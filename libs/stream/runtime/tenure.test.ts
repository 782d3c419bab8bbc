import { describe, expect, it } from 'vitest'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { createTenure } from './tenure.ts'

/** Take-overs that end when the test says so. */
function createTakeOvers() {
  const begun: PromiseWithResolvers<void>[] = []
  const tenure = createTenure(() => {
    const takeOver = Promise.withResolvers<void>()
    begun.push(takeOver)
    return takeOver.promise
  })
  return { begun, tenure }
}
const microtasks = async () => {
  for (let turn = 0; turn < 20; turn++) await null
}

describe('a tenure', () => {
  it('takes over once for an assignment, whoever asks and however often', async () => {
    const { begun, tenure } = createTakeOvers()
    const both = Promise.all([tenure.open(1), tenure.open(1)])
    await microtasks()
    expect(begun).toHaveLength(1)
    expect(tenure.isOpen()).toBe(false)
    begun[0]!.resolve()
    await both
    expect(tenure.isOpen()).toBe(true)
    await tenure.open(1)
    expect(begun).toHaveLength(1)
  })

  it('takes over again under the same assignment once it has ended', async () => {
    const { begun, tenure } = createTakeOvers()
    const first = tenure.open(1)
    await microtasks()
    begun[0]!.resolve()
    await first
    tenure.end()
    expect(tenure.isOpen()).toBe(false)
    const second = tenure.open(1)
    await microtasks()
    begun[1]!.resolve()
    await second
    expect(tenure.isOpen()).toBe(true)
  })

  it('takes over for the next assignment only when the take-over before is done, however that ends', async () => {
    const { begun, tenure } = createTakeOvers()
    const first = tenure.open(1)
    const second = tenure.open(2)
    await microtasks()
    expect(begun).toHaveLength(1)
    begun[0]!.reject(new RetryableError('away'))
    await expect(first).rejects.toThrow('away')
    await microtasks()
    expect(begun).toHaveLength(2)
    begun[1]!.resolve()
    await second
    expect(tenure.isOpen()).toBe(true)
  })

  it('never takes over for an assignment that is over', async () => {
    const { begun, tenure } = createTakeOvers()
    void tenure.open(2)
    await expect(tenure.open(1)).rejects.toThrow(FencedError)
    begun[0]?.resolve()
    await expect(tenure.open(1)).rejects.toThrow('the assignment of epoch 1 is over: 2 came after it')
    expect(begun).toHaveLength(1)
  })

  it('takes over again after one that failed', async () => {
    const { begun, tenure } = createTakeOvers()
    const first = tenure.open(1)
    await microtasks()
    begun[0]!.reject(new RetryableError('away'))
    await expect(first).rejects.toThrow('away')
    expect(tenure.isOpen()).toBe(false)
    const again = tenure.open(1)
    await microtasks()
    begun[1]!.resolve()
    await again
    expect(tenure.isOpen()).toBe(true)
  })
})
