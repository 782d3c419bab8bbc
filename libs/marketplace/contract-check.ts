import { type ContractField, contract, fieldName, othersKnown, type QueryName, queries, refusedFields } from './contract.ts'
import { MarketplaceError } from './errors.ts'
import { fieldAt } from './shapes.ts'

/** How a field of the contract came: `null` in every entry says nothing yet, and is worth a look. */
export type FieldState = 'there' | 'null' | 'gone'

export type ContractFindings = Readonly<{
  /** By type and name. */
  fields: ReadonlyMap<string, FieldState>
  /** Fields that the schema has and nobody knew of; null where it does not answer questions about itself. */
  fresh: readonly string[] | null
  /** Why a query had no answer, by query. */
  problems: ReadonlyMap<QueryName, string>
}>

/** Sends a query, and resolves to the JSON of the answer. Rejects with MarketplaceError. */
export type Ask = (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>

type Type = ContractField['type']

/** Asks for one of each selection set, and compares what comes with the contract. Six requests, and one more for each refusal. */
export async function checkContract(ask: Ask): Promise<ContractFindings> {
  const fields = new Map<string, FieldState>()
  const problems = new Map<QueryName, string>()
  const leftOut = new Set<string>()

  const answerTo = async (name: QueryName, variables: Readonly<Record<string, unknown>>): Promise<unknown> => {
    for (;;) {
      try {
        return fieldAt(await ask(queries[name](leftOut), variables), 'data')
      } catch (error) {
        if (!(error instanceof MarketplaceError)) throw error
        const { names } = error.code === 'refused' ? refusedFields(error.message) : { names: [] }
        const gone = names.filter((field) => !leftOut.has(field))
        if (gone.length === 0) {
          problems.set(name, error.message)
          return null
        }
        for (const field of gone) {
          leftOut.add(field)
          fields.set(field, 'gone')
        }
      }
    }
  }
  const look = (type: Type, node: unknown): void => {
    if (node === null || typeof node !== 'object') return
    for (const { name, itemType } of contract.filter((field) => field.type === type)) {
      const value = fieldAt(node, name)
      if (value === undefined) continue
      const key = fieldName({ type, name })
      const isThere = value !== null && value !== ''
      if (fields.get(key) !== 'there') fields.set(key, isThere ? 'there' : 'null')
      if (itemType !== undefined) for (const inner of Array.isArray(value) ? value : [value]) look(itemType, inner)
    }
  }
  const lookAtAxie = (axie: unknown): void => {
    look('Axie', axie)
    look('Order', fieldAt(axie, 'order'))
    look('Transfers', fieldAt(axie, 'transferHistory'))
    for (const transfer of listAt(fieldAt(axie, 'transferHistory'), 'results')) look('Transfer', transfer)
  }

  const page = { from: 0, size: entriesLookedAt }
  const listings = await answerTo('listings', { ...page, sort: 'Latest' })
  const listed = listAt(fieldAt(listings, 'axies'), 'results')
  listed.forEach(lookAtAxie)
  const settled = await answerTo('settled', page)
  listAt(fieldAt(fieldAt(settled, 'settledAuctions'), 'axies'), 'results').forEach(lookAtAxie)
  const axieId = fieldAt(listed[0], 'id')
  if (axieId !== undefined) for (const name of ['axie', 'transfers'] as const) lookAtAxie(fieldAt(await answerTo(name, { axieId }), 'axie'))
  look('ExchangeRate', fieldAt(await answerTo('exchangeRate', {}), 'exchangeRate'))
  return { fields, fresh: await freshFields(ask), problems }
}

/** Enough that a field which only some axies have is seen. */
const entriesLookedAt = 50

const listAt = (node: unknown, name: string): readonly unknown[] => {
  const value = fieldAt(node, name)
  return Array.isArray(value) ? value : []
}

/** Fields that are new, in the types whose other fields public clients show too. */
async function freshFields(ask: Ask): Promise<readonly string[] | null> {
  const types = Object.keys(othersKnown) as (keyof typeof othersKnown)[]
  try {
    const selections = types.map((type) => `${type}: __type(name: "${type}") { fields { name } }`)
    const data = fieldAt(await ask(`query Fields { ${selections.join(' ')} }`, {}), 'data')
    return types.flatMap((type) => {
      const known = new Set([...contract.filter((field) => field.type === type).map(({ name }) => name), ...othersKnown[type]])
      const names = listAt(fieldAt(data, type), 'fields').map((field) => String(fieldAt(field, 'name')))
      return names.filter((name) => !known.has(name)).map((name) => fieldName({ type, name }))
    })
  } catch (error) {
    if (error instanceof MarketplaceError) return null
    throw error
  }
}
