import { describe, expect, test } from 'vitest'
import { contract, fieldName, queries, refusedFields } from './contract.ts'
import { refusalIn } from './envelope.ts'

describe('the contract', () => {
  test('asks for every field, each once by its type', () => {
    expect(new Set(contract.map(fieldName)).size).toBe(contract.length)
    const asked = queries.listings(new Set())
    for (const name of [
      'parts { id name class type specialGenes stage }',
      'axpInfo { level onchainLevel }',
      'battleInfo { banned }',
      'kind',
      'status',
      'expiredAt',
      'nonce',
    ])
      expect(asked).toContain(name)
  })

  test('leaves a field out of every query, and an object that nothing is left of', () => {
    const leftOut = new Set(['Axie.title', 'AxieAxpInfo.level', 'AxieAxpInfo.onchainLevel', 'AxiePart.stage'])
    for (const query of [queries.listings(leftOut), queries.settled(leftOut), queries.axie(leftOut)]) {
      expect(query).not.toMatch(/title|axpInfo/)
      expect(query).toContain('parts { id name class type specialGenes }')
      expect(query).toMatch(/bodyShape stage/)
    }
  })

  test('knows its own fields in the words of a refusal, whatever servers call their types', () => {
    expect(refusedFields('Cannot query field "title" on type "Axie". Did you mean "tile"?')).toEqual({
      names: ['Axie.title'],
      canBeLeftOut: true,
    })
    expect(refusedFields("Cannot query field 'nonce' on type 'MarketOrder'.").names).toEqual(['Order.nonce'])
    expect(refusedFields('Cannot query field "stage" on type "AxiePart".').names).toEqual(['AxiePart.stage'])
    expect(refusedFields('Cannot query field "maker" on type "Order".').canBeLeftOut).toBe(false)
    expect(refusedFields('Cannot query field "title" on type "Axie".; Cannot query field "basePrice" on type "Order".').canBeLeftOut).toBe(
      false,
    )
    expect(refusedFields('something else').canBeLeftOut).toBe(false)
  })

  test.each([
    'Cannot query field `axpInfo` on type `Axie`.',
    "Field 'axpInfo' doesn't exist on type 'Axie'",
    'The field `axpInfo` does not exist on the type `Axie`.',
    "Validation error (FieldUndefined@[axies/results/axpInfo]) : Field 'axpInfo' in type 'Axie' is undefined",
    'Field "axpInfo" must not have a selection since type "Int" has no subfields.',
  ])('knows it in other words, too: %s', (words) => {
    expect(refusedFields(words)).toEqual({ names: ['Axie.axpInfo'], canBeLeftOut: true })
    expect(refusalIn({ errors: [{ message: words }] })?.code).toBe('refused')
  })
})
