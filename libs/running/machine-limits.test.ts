import { expect, test } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import { checkMachineLimits, machineLimits } from './machine-limits.ts'

test('a shell with too few descriptors is told so before anything starts', () => {
  expect(() => checkMachineLimits({ openFiles: 64, availableBytes: null })).toThrow(FatalError)
  expect(() => checkMachineLimits({ openFiles: 64, availableBytes: null })).toThrow(/Only 64 files .* ulimit -n 4096/)
})

test('little memory is no reason not to begin, but is said', () => {
  expect(checkMachineLimits({ openFiles: 1_024, availableBytes: 128e6 })).toMatch(/only 128 MB of memory are available/)
  expect(checkMachineLimits({ openFiles: null, availableBytes: null })).toBe(null)
})

test('this machine has limits that can be read', () => {
  const { openFiles, availableBytes } = machineLimits()
  expect(openFiles === null || openFiles > 0).toBe(true)
  expect(availableBytes).toBeGreaterThan(0)
})
