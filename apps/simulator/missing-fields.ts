import { hash32 } from '#lib/synthetic/random.ts'

/** What a careless marketplace leaves out. */
const removable = ['id', 'class', 'breedCount', 'parts', 'order', 'order.currentPrice', 'order.startedAt', 'order.maker', 'order.basePrice']

type Item = Record<string, unknown> & { id?: string; order?: Record<string, unknown> | null }

/**
 * Removes one field (always the same one) from each faulty axie of an answer: in the JSON, because a GraphQL engine would not leave out
 * what was asked for.
 */
export function removeFields(body: string, isFaulty: (tokenId: string) => boolean): string {
  if (!body.includes('"order":')) return body
  const answer = JSON.parse(body) as { data?: { axies?: { results?: (Item | null)[] } } | null }
  let removed = false
  for (const item of answer.data?.axies?.results ?? []) {
    if (item?.id === undefined || !isFaulty(item.id)) continue
    const [field = '', inner] = removable[hash32(item.id) % removable.length]!.split('.')
    if (inner === undefined) delete item[field]
    else delete item.order?.[inner]
    removed = true
  }
  return removed ? JSON.stringify(answer) : body
}
