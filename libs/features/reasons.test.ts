import { expect, test } from 'vitest'
import { axieFeatures } from './axie-v1.ts'
import { reasonOf } from './reasons.ts'

test('every feature has a reason in words', () => {
  expect(axieFeatures.features.filter(({ name }) => reasonOf(name) === 'other')).toEqual([])
  expect(new Set(axieFeatures.features.map(({ name }) => reasonOf(name))).size).toBe(12)
})

test('a residual is about what its measure is about', () => {
  expect(reasonOf('residual.c4.median')).toBe(reasonOf('c4.median'))
  expect(reasonOf('residual.own')).toBe(reasonOf('own.relative'))
})
