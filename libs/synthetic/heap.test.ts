import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHeap } from './heap.ts'

test('property: a heap gives what a stable sort gives', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ rank: fc.integer({ min: 0, max: 9 }), name: fc.nat() })), (values) => {
      const heap = createHeap<{ rank: number; name: number }>(({ rank }) => rank)
      for (const value of values) heap.push(value)
      const popped = []
      for (let next = heap.pop(); next !== undefined; next = heap.pop()) popped.push(next)
      expect(popped).toEqual(values.toSorted((a, b) => a.rank - b.rank))
      expect(heap.size).toBe(0)
    }),
  )
})

test('pushes and pops may take turns', () => {
  const heap = createHeap<number>((value) => value)
  for (const value of [5, 1, 4]) heap.push(value)
  expect([heap.pop(), heap.peek()]).toEqual([1, 4])
  heap.push(0)
  expect([heap.pop(), heap.pop(), heap.pop(), heap.pop()]).toEqual([0, 4, 5, undefined])
})
