import { describe, expect, test } from 'vitest'
import { axieOf, exchangeRateOf, leaderboardOf, listingsOf, settledOf } from './answers.ts'
import { refusalIn } from './envelope.ts'
import { MarketplaceError } from './errors.ts'
import {
  answerWith,
  axieAnswer,
  listedAnswer,
  listingsPage,
  orderAnswer,
  partIds,
  settledAnswer,
  settledPage,
  transferAnswer,
} from './testing/answer-samples.ts'

const only = <T>(values: readonly T[]): T => {
  expect(values).toHaveLength(1)
  return values[0]!
}
const listing = (entry: unknown) => only(listingsOf(answerWith(listingsPage(entry))).items)
const reject = (entry: unknown) => {
  const page = listingsOf(answerWith(listingsPage(entry)))
  expect(page.items).toEqual([])
  return only(page.rejects)
}

describe('a listing', () => {
  test('is told with its id, item, seller and ask', () => {
    expect(listing(listedAnswer())).toEqual({
      listingId: 'axie:1234567:1650000000000',
      item: {
        tokenId: '1234567',
        class: 'Aquatic',
        breedCount: 2,
        genes: axieAnswer().newGenes,
        parts: partIds,
        image: axieAnswer().image,
        attributes: null,
      },
      seller: orderAnswer().maker,
      ask: {
        kind: 'fixed',
        paymentToken: orderAnswer().paymentToken,
        basePriceWei: '7000000000000000',
        endedPriceWei: '7000000000000000',
        currentPriceWei: '7000000000000000',
        currentPriceUsd: '21.00',
        startedAt: 1_650_000_000_000,
        durationSeconds: 0,
        expiredAt: null,
        orderId: '7',
        nonce: null,
      },
      bids: null,
    })
  })

  test('with a price that moves is Dutch', () => {
    const order = { ...orderAnswer(), basePrice: '9000000000000000', endedPrice: '5000000000000000', duration: 86_400 }
    expect(listing({ ...axieAnswer(), order }).ask).toMatchObject({
      kind: 'dutch',
      basePriceWei: '9000000000000000',
      endedPriceWei: '5000000000000000',
      durationSeconds: 86_400,
    })
  })

  test('in the older form is the same listing', () => {
    const auction = {
      seller: orderAnswer().maker,
      startingTimestamp: '1650000000',
      endingTimestamp: '0',
      startingPrice: '7000000000000000',
      endingPrice: '7000000000000000',
      duration: '0',
      currentPrice: '7000000000000000',
      currentPriceUSD: '21.00',
    }
    const { ask, ...rest } = listing({ ...axieAnswer(), auction })
    const expected = listing(listedAnswer())
    const { paymentToken, orderId } = expected.ask
    expect({ ...rest, ask: { ...ask, paymentToken, orderId } }).toEqual(expected)
  })

  test('of an egg passes, with no parts and no class', () => {
    const egg = { ...listedAnswer(), class: null, breedCount: null, newGenes: null, parts: [] }
    expect(listing(egg).item).toMatchObject({ class: '', breedCount: 0, genes: null, parts: [] })
  })

  test('passes with a class, a part and genes that nobody knows: that is for the enricher', () => {
    const strange = { ...listedAnswer(), class: 'Griffin', newGenes: `0x${'ab'.repeat(64)}`, parts: [{ id: 'back-unicorn' }] }
    expect(listing(strange).item).toMatchObject({ class: 'Griffin', genes: `0x${'ab'.repeat(64)}`, parts: ['back-unicorn'] })
  })

  test('passes from the future, and with fields nobody asked for', () => {
    const order = { ...orderAnswer(), startedAt: 4_000_000_000, colour: 'blue' }
    expect(listing({ ...axieAnswer(), order, mood: 'sleepy' }).ask.startedAt).toBe(4_000_000_000_000)
  })

  test('that is gone when the page is made is passed over', () => {
    expect(listingsOf(answerWith(listingsPage({ ...axieAnswer(), order: null })))).toMatchObject({ items: [], rejects: [], count: 1 })
  })
})

describe('what others bid', () => {
  const weth = orderAnswer().paymentToken
  const offer = {
    kind: 'Offer',
    status: 'OPEN',
    paymentToken: weth,
    currentPrice: '4000000000000000',
    currentPriceUsd: '12.00',
    expiredAt: 9e9,
  }
  const bidsOf = (said: object) => listing({ ...listedAnswer(), ...said }).bids

  test('comes with the listing, and is no ask', () => {
    expect(bidsOf({ highestOffer: offer, numActiveOffers: 3 })).toEqual({
      count: 3,
      highest: { paymentToken: weth, priceWei: '4000000000000000', priceUsd: '12.00' },
    })
    expect(listing({ ...listedAnswer(), highestOffer: offer }).ask.currentPriceWei).toBe('7000000000000000')
    expect(bidsOf({ highestOffer: null, numActiveOffers: 0 })).toEqual({ count: 0, highest: null })
  })

  test('is unknown where nobody said, which is not the same as none', () => {
    expect(bidsOf({})).toBeNull()
    expect(bidsOf({ highestOffer: offer })).toMatchObject({ count: null, highest: { priceWei: '4000000000000000' } })
  })

  test.each([
    ['is in a token that nobody knows', { ...offer, paymentToken: '0x00000000000000000000000000000000000000aa' }],
    ['has no price', { ...offer, currentPrice: '0' }],
    ['has a price of nonsense', { ...offer, currentPrice: `1${'0'.repeat(90)}` }],
    ['is of another kind altogether', 'none'],
    ['is a list', [offer]],
  ])('and %s is none: the listing goes on', (_, highestOffer) => {
    expect(bidsOf({ highestOffer, numActiveOffers: 2 })).toEqual({ count: 2, highest: null })
  })

  test('and has ended by the market’s clock is none', () => {
    const answer = answerWith(listingsPage({ ...listedAnswer(), highestOffer: { ...offer, expiredAt: 9 }, numActiveOffers: 2 }))
    const bidsAt = (marketTime: number) => only(listingsOf({ ...answer, marketTime }).items).bids?.highest ?? null
    expect([bidsAt(8_999) !== null, bidsAt(9_000)]).toEqual([true, null])
  })

  test.each([-1, 2.5, 'many', 1e12, {}])('counted as %j is not counted, and told once', (numActiveOffers) => {
    const page = listingsOf(answerWith(listingsPage({ ...listedAnswer(), numActiveOffers }, { ...listedAnswer('9'), numActiveOffers })))
    expect(page.items.map(({ bids }) => bids?.count)).toEqual([null, null])
    expect(page.rejects.map(({ code, key }) => [code, key])).toEqual([['changed_field', 'changed-field-numActiveOffers']])
  })
})

describe('what an axie wears', () => {
  const worn = (equipmentInstances: unknown) => listing({ ...listedAnswer(), equipmentInstances }).item.attributes?.accessories

  test('is told by name and rarity; one without a name is passed over', () => {
    expect(worn([{ name: 'Straw Hat', rarity: 'Rare' }, { name: 'Scarf' }, { rarity: 'Epic' }, null, 7])).toEqual([
      { name: 'Straw Hat', rarity: 'Rare' },
      { name: 'Scarf', rarity: null },
    ])
    expect(worn([])).toEqual([])
  })

  test('is unknown where nobody said, and where it is no list', () => {
    expect([worn(undefined), worn(null), worn('a hat'), worn(Array(65).fill({ name: 'Hat' }))]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('a field that the marketplace could not resolve', () => {
  const answer = (path: (string | number)[], entry: object) =>
    listingsOf(answerWith({ ...listingsPage({ ...listedAnswer(), title: null, ...entry }), errors: [{ message: 'timed out', path }] }))

  test('costs itself alone where a listing can do without: it is unknown, which is not none', () => {
    for (const field of ['title', 'highestOffer', 'numActiveOffers', 'equipmentInstances', 'axpInfo']) {
      const page = answer(['axies', 'results', 0, field, 'deeper'], { [field]: null, bodyShape: 'Normal' })
      expect(page.rejects).toEqual([])
      expect(page.items[0]?.item.attributes?.title).toBe(field === 'title' ? null : '')
    }
  })

  test('costs itself alone below what is needed, too: a price in dollars, what is special of a part', () => {
    const order = { ...orderAnswer(), currentPriceUsd: null }
    expect(answer(['axies', 'results', 0, 'order', 'currentPriceUsd'], { order })).toMatchObject({
      items: [{ ask: { currentPriceUsd: null } }],
      rejects: [],
    })
    const parts = partIds.map((id, index) => ({ id, specialGenes: null, stage: index === 3 ? null : 1 }))
    const { items, rejects } = answer(['axies', 'results', 0, 'parts', 3, 'specialGenes'], { parts })
    expect(rejects).toEqual([])
    expect(items[0]?.item.attributes?.parts.map(({ special }) => special)).toEqual(['', '', '', null, '', ''])
  })

  test('of a transfer costs that alone, not the sale of today', () => {
    const transferHistory = { results: [1_650_000_900, 1_650_000_500, 1_650_000_000].map(transferAnswer) }
    const history = { results: transferHistory.results.map((one, index) => (index === 1 ? { ...one, withPrice: null } : one)) }
    const path = ['settledAuctions', 'axies', 'results', 0, 'transferHistory', 'results', 1, 'withPrice']
    const page = settledOf(
      answerWith({ ...settledPage({ ...axieAnswer('3'), transferHistory: history }), errors: [{ message: 'no', path }] }),
    )
    expect(page.items.flatMap(({ sales }) => sales.map(({ soldAt }) => soldAt / 1_000))).toEqual([1_650_000_900, 1_650_000_000])
    expect(page.rejects.map(({ code }) => code)).toEqual(['missing_field'])
  })

  test('costs the entry where it cannot', () => {
    for (const path of [['order'], ['parts', 3, 'id'], ['class'], []]) {
      const page = answer(['axies', 'results', 0, ...path], path[0] === 'order' ? { order: null } : {})
      expect([page.items, page.rejects.map(({ code }) => code)]).toEqual([[], ['graphql_error']])
    }
  })
})

describe('a bad entry', () => {
  test.each(['0', '-5', `1${'0'.repeat(40)}`, 'NaN', 'a lot', '', '1e18', 7.5, 1e40])(
    'with the price %j is refused as bad_price',
    (currentPrice) => {
      expect(reject({ ...axieAnswer(), order: { ...orderAnswer(), currentPrice } })).toMatchObject({
        key: 'axie:1234567:1650000000000',
        tokenId: '1234567',
        code: 'bad_price',
      })
    },
  )

  test.each(['id', 'class', 'breedCount', 'parts', 'order'])('without %s is refused as missing_field, by its path', (field) => {
    const entry: Record<string, unknown> = listedAnswer()
    delete entry[field]
    const { code, message, raw } = reject(entry)
    expect(code).toBe('missing_field')
    expect(message).toContain(field)
    expect(JSON.parse(raw)).toEqual(entry)
  })

  test.each(['maker', 'startedAt', 'basePrice', 'currentPrice'])('without order.%s is refused as missing_field, by its path', (field) => {
    const order: Record<string, unknown> = orderAnswer()
    delete order[field]
    expect(reject({ ...axieAnswer(), order })).toMatchObject({ code: 'missing_field', message: expect.stringContaining(`order.${field}`) })
  })

  test('of the wrong type is refused as bad_field, by its path', () => {
    expect(reject({ ...listedAnswer(), breedCount: 'many' })).toMatchObject({
      code: 'bad_field',
      message: expect.stringContaining('breedCount'),
    })
    expect(reject('axie')).toMatchObject({ code: 'bad_field', tokenId: null })
  })

  test('has the same key as long as only its price moves, and another one when it says something else', () => {
    const broken = (currentPrice: string, image: string) => {
      const { maker: _, startedAt: __, ...order } = { ...orderAnswer(), currentPrice }
      return reject({ ...axieAnswer(), image, order }).key
    }
    expect(broken('1', 'a')).toBe(broken('2', 'a'))
    expect(broken('1', 'a')).not.toBe(broken('1', 'b'))
  })

  test('leaves the others of its page alone', () => {
    const page = listingsOf(answerWith(listingsPage(listedAnswer('1'), { ...listedAnswer('2'), parts: 7 }, listedAnswer('3'))))
    expect(page.items.map(({ item }) => item.tokenId)).toEqual(['1', '3'])
    expect(page.rejects.map(({ tokenId }) => tokenId)).toEqual(['2'])
    expect(page.count).toBe(3)
  })
})

describe('an item of 2026', () => {
  const parts = [
    { id: 'eyes-clear', name: 'Clear', class: 'Aquatic', type: 'Eyes', specialGenes: null, stage: 1 },
    ...partIds.slice(1, 5).map((id) => ({ id, class: 'Aquatic', type: 'Back', specialGenes: '', stage: 1 })),
    { id: 'tail-of-glass-2', class: 'Beast', type: 'Tail', specialGenes: 'Nightmare', stage: 2 },
  ]
  const evolved = {
    ...listedAnswer(),
    ...{ parts, title: 'Origin', bodyShape: 'Fuzzy', stage: 4, axpInfo: { level: 31, onchainLevel: 24 }, battleInfo: { banned: false } },
    ...{ numMystic: 1, numJapan: 0, numXmas: null, numSummer: 0 },
  }

  test('is told with all that the marketplace says of it', () => {
    const { attributes } = listing(evolved).item
    expect(attributes).toMatchObject({ title: 'Origin', level: 31, onchainLevel: 24, isBanned: false, mystic: 1, xmas: null })
    expect(attributes?.parts.at(0)).toEqual({ class: 'Aquatic', type: 'Eyes', special: '', stage: 1 })
    expect(attributes?.parts.at(-1)).toEqual({ class: 'Beast', type: 'Tail', special: 'Nightmare', stage: 2 })
  })

  test('has no title where the marketplace says so, and an unknown one where it says nothing', () => {
    expect(listing({ ...evolved, title: null }).item.attributes?.title).toBe('')
    const { title: _, ...silent } = evolved
    expect(listing(silent).item.attributes?.title).toBeNull()
  })

  test('loses an attribute of another kind, and nothing else; that is told with its path', () => {
    const page = listingsOf(
      answerWith(listingsPage({ ...evolved, axpInfo: { level: 'high' }, battleInfo: [] }, { ...evolved, title: { de: 'x' } })),
    )
    expect(page.items.map(({ item }) => item.attributes?.level)).toEqual([null, 31])
    expect(page.rejects.map(({ code, key }) => [code, key])).toEqual([
      ['changed_field', 'changed-field-axpInfo.level'],
      ['changed_field', 'changed-field-title'],
    ])
  })
})

describe('an order', () => {
  const now = 1_650_000_600_000
  const ordered = (order: object) =>
    listingsOf({ ...answerWith(listingsPage({ ...axieAnswer(), order: { ...orderAnswer(), ...order } })), marketTime: now })

  test('that nobody can buy by is no listing, and says why', () => {
    const codes = (order: object) => ordered(order).rejects.map(({ code, key }) => [code, key])
    const id = 'axie:1234567:1650000000000'
    for (const kind of ['Offer', 'offer', 'COLLECTION_OFFER']) expect(codes({ kind })).toEqual([['order_not_a_sale', id]])
    for (const status of ['EXPIRED', 'VOID', 'CANCELLED', 'Matched']) expect(codes({ status })).toEqual([['order_closed', id]])
    for (const expiredAt of [1_650_000_600, '1650000600', 1_650_000_000, 1_650_000_600_000])
      expect(codes({ status: 'OPEN', expiredAt })).toEqual([['order_expired', id]])
  })

  test('that is open carries when it ends, its number and its nonce', () => {
    const { items } = ordered({ kind: 'Sell', status: 'OPEN', expiredAt: 1_650_000_601, id: 9, nonce: 3 })
    expect(only(items).ask).toMatchObject({ expiredAt: 1_650_000_601_000, orderId: '9', nonce: '3' })
    for (const expiredAt of [0, null, undefined]) expect(only(ordered({ expiredAt }).items).ask.expiredAt).toBeNull()
  })

  test('in a token that nobody knows is refused; in USDC it is not', () => {
    expect(only(ordered({ paymentToken: '0x00000000000000000000000000000000000000aa' }).rejects).code).toBe('unknown_token')
    const usdc = {
      paymentToken: '0x0b7007c13325c48911f73a2dad5fa5dcbf808adc',
      basePrice: '5000000',
      currentPrice: '5000000',
      currentPriceUsd: '5.00',
    }
    expect(only(ordered(usdc).items).ask.currentPriceWei).toBe('5000000')
  })

  test('that has ended is no offer of an axie asked for by id: that is how one learns that it is gone', () => {
    const history = { transferHistory: { results: [] } }
    const byId = (order: object) =>
      axieOf({ ...answerWith({ data: { axie: { ...axieAnswer(), ...history, order: { ...orderAnswer(), ...order } } } }), marketTime: now })
    for (const order of [{ kind: 'Offer' }, { status: 'VOID' }, { expiredAt: 1_650_000_100 }]) expect(byId(order)?.listing).toBeNull()
    expect(byId({ status: 'OPEN' })?.listing).not.toBeNull()
  })
})

describe('refusals with status 200', () => {
  const refused = (json: unknown) => {
    try {
      listingsOf(answerWith(json))
    } catch (error) {
      return error as MarketplaceError
    }
    throw new Error('expected a refusal')
  }

  test('are transient where a server behind the gateway is unwell, in its own words', () => {
    for (const json of [
      { errors: [{ message: '502: Bad Gateway' }] },
      { data: null, errors: [{ message: '502: Bad Gateway' }] },
      { data: { axies: null }, errors: [{ message: '502: Bad Gateway', path: ['axies'] }] },
      { data: { axies: null }, errors: [{ message: '502: Bad Gateway' }] },
      { data: { axies: { total: 5, results: null } }, errors: [{ message: '502: Bad Gateway', path: ['axies', 'results'] }] },
      { data: { settledAuctions: { axies: null } }, errors: [{ message: '502: Bad Gateway', path: ['settledAuctions', 'axies'] }] },
      { errors: ['502: Bad Gateway'] },
      { errors: { message: '502: Bad Gateway' } },
      { errors: '502: Bad Gateway' },
      { errors: [{ extensions: { code: '502: Bad Gateway' } }] },
      { error: '502: Bad Gateway' },
      { error: { message: '502: Bad Gateway', code: 502 } },
      { statusCode: 502, message: '502: Bad Gateway' },
      { data: null, detail: '502: Bad Gateway' },
      { data: { axies: { total: null, results: [] } }, errors: [{ message: '502: Bad Gateway', path: ['axies', 'total'] }] },
      '502: Bad Gateway',
    ])
      expect(refused(json)).toMatchObject({ code: 'graphql_error', transient: true, message: expect.stringContaining('502: Bad Gateway') })
  })

  test('are transient where nothing is told but that there is no data', () => {
    for (const json of [{ data: null }, { data: null, errors: [] }, { data: null, errors: [{}] }, { errors: [{ message: null }] }])
      expect(refused(json)).toMatchObject({ code: 'graphql_error', transient: true })
  })

  test('of the gateway itself are a rate limit, whichever place tells it', () => {
    for (const json of [
      { message: 'API rate limit exceeded' },
      { error: 'API rate limit exceeded' },
      { statusCode: 429, message: 'ThrottlerException: Too Many Requests' },
      { errors: [{ message: 'Rate limit exceeded' }] },
      { errors: ['too_many_requests'] },
      { data: null, errors: [{ message: '429' }] },
      { errors: [{ message: 'not now', extensions: { code: 'RATE_LIMITED' } }] },
    ])
      expect(refused(json)).toMatchObject({ code: 'rate_limited', transient: true })
  })

  test('of a query that names what is not there are no reason to ask the same again', () => {
    expect(refused({ errors: [{ message: 'Cannot query field "title" on type "Axie".' }] })).toMatchObject({
      code: 'refused',
      transient: false,
    })
  })
})

describe('errors of GraphQL', () => {
  test('beside data cost only the entry that they name', () => {
    const errors = [{ message: 'order service: deadline exceeded', path: ['axies', 'results', 10, 'order'] }]
    const entries = Array.from({ length: 12 }, (_, index) =>
      index === 10 ? { ...axieAnswer('10'), order: null } : listedAnswer(String(index)),
    )
    const page = listingsOf(answerWith({ ...listingsPage(...entries), errors }))
    expect(page.items).toHaveLength(11)
    expect(only(page.rejects)).toMatchObject({
      tokenId: '10',
      code: 'graphql_error',
      message: expect.stringContaining('deadline exceeded'),
    })
  })

  test('without data are an error of the whole answer', () => {
    expect(() => listingsOf(answerWith({ data: null, errors: [{ message: 'no such field' }] }))).toThrow(
      expect.objectContaining({ code: 'graphql_error', message: expect.stringContaining('no such field') }),
    )
  })

  test.each([null, [], 'text', {}, { data: null }, { data: { axies: null } }, { data: { axies: { total: 1, results: {} } } }])(
    'an answer like %j is not one',
    (json) => {
      expect(() => listingsOf(answerWith(json))).toThrow(MarketplaceError)
    },
  )
})

describe('settled sales', () => {
  test('come with their axie, newest first, by transaction', () => {
    const [entry] = settledOf(answerWith(settledPage(settledAnswer('5', [1_650_000_000, 1_650_000_900])))).items
    expect(entry?.newest).toMatchObject({
      saleId: `axie:5:${transferAnswer(1_650_000_900).txHash}`,
      soldAt: 1_650_000_900_000,
      priceWei: '7000000000000000',
      priceUsd: '21',
      buyer: transferAnswer().to,
      item: { tokenId: '5' },
    })
    expect(entry?.sales.map(({ soldAt }) => soldAt)).toEqual([1_650_000_900_000, 1_650_000_000_000])
  })

  test('an axie of which the list may not have told all is marked: it came with all the transfers that fit', () => {
    const soldTimes = (count: number) => Array.from({ length: count }, (_, place) => 1_650_000_000 + 60 * place)
    const { items } = settledOf(answerWith(settledPage(settledAnswer('5', soldTimes(9)), settledAnswer('6', soldTimes(10)))))
    expect(items.map(({ isCut }) => isCut)).toEqual([false, true])
    const answerOf = (total: number, times: number) => ({
      ...axieAnswer('7'),
      transferHistory: { total, results: soldTimes(times).map(transferAnswer) },
    })
    const totals = settledOf(answerWith(settledPage(answerOf(10, 10), answerOf(11, 10), answerOf(9, 5), answerOf(5, 5))))
    expect(totals.items.map(({ isCut }) => isCut)).toEqual([false, true, true, false])
  })

  test('are not gifts, and have no id of a transaction where there is none', () => {
    const gift = { ...transferAnswer(1_650_000_500), withPrice: null, withPriceUsd: null }
    const nameless = { ...transferAnswer(), txHash: null }
    const given = { ...axieAnswer('1'), transferHistory: { results: [gift] } }
    const both = { ...axieAnswer('2'), transferHistory: { results: [gift, nameless] } }
    const { items, count } = settledOf(answerWith(settledPage(given, both)))
    expect(count).toBe(2)
    expect(items.map(({ sales }) => sales.map(({ saleId }) => saleId))).toEqual([['axie:2:1650000000000']])
  })

  test('with one transfer that cannot be read keep all others', () => {
    const results = [
      transferAnswer(1_650_000_900),
      { ...transferAnswer(1_650_000_500), withPrice: 'a lot' },
      { timestamp: 'soon' },
      null,
      transferAnswer(),
    ]
    const page = settledOf(answerWith(settledPage({ ...axieAnswer('3'), transferHistory: { results } })))
    expect(page.items.flatMap(({ sales }) => sales.map(({ soldAt }) => soldAt / 1_000))).toEqual([1_650_000_900, 1_650_000_000])
    expect(page.rejects.map(({ code, tokenId }) => [code, tokenId])).toEqual([
      ['bad_price', '3'],
      ['bad_field', '3'],
      ['missing_field', '3'],
    ])
  })

  test('in dollars of a coin say so: as ether they would be dust', () => {
    const inUsdc = { ...transferAnswer(), withPrice: '5000000', withPriceUsd: '5.01' }
    const [entry] = settledOf(answerWith(settledPage({ ...axieAnswer(), transferHistory: { results: [inUsdc] } }))).items
    expect(entry?.newest).toMatchObject({ token: 'USDC', priceUsd: '5.01' })
    expect(settledOf(answerWith(settledPage(settledAnswer()))).items[0]?.newest.token).toBeNull()
  })

  test.each([
    ['AXS', '4000000000000000000', '5.00'],
    ['RON', '10000000000000000000', '5.00'],
    ['SLP', '4000', '6.00'],
  ])('in %s count by their dollars: their amount is no ether', (_, withPrice, withPriceUsd) => {
    const { items } = settledOf(
      answerWith(settledPage({ ...axieAnswer(), transferHistory: { results: [{ ...transferAnswer(), withPrice, withPriceUsd }] } })),
    )
    expect(items[0]?.newest).toMatchObject({ token: 'unknown', priceUsd: withPriceUsd })
  })

  test('of another token whose dollars nobody tells are refused: as ether they would be dust', () => {
    const inUsdc = { ...transferAnswer(), withPrice: '5000000', withPriceUsd: null }
    expect(settledOf(answerWith(settledPage({ ...axieAnswer(), transferHistory: { results: [inUsdc] } }))).rejects).toMatchObject([
      { code: 'bad_price', message: expect.stringContaining('withPriceUsd') },
    ])
  })

  test('with a price that is none are refused', () => {
    const broken = { ...axieAnswer(), transferHistory: { results: [{ ...transferAnswer(), withPrice: '-1' }] } }
    expect(settledOf(answerWith(settledPage(broken))).rejects).toMatchObject([{ code: 'bad_price' }])
  })
})

test('an axie by id has its offer and its last sale, or neither', () => {
  const history = { transferHistory: { results: [transferAnswer()] } }
  expect(axieOf(answerWith({ data: { axie: { ...listedAnswer(), ...history } } }))).toMatchObject({
    listing: { listingId: 'axie:1234567:1650000000000' },
    lastSale: { soldAt: 1_650_000_000_000 },
  })
  expect(axieOf(answerWith({ data: { axie: { ...axieAnswer(), order: null, transferHistory: { results: [] } } } }))).toEqual({
    item: expect.objectContaining({ tokenId: '1234567' }),
    listing: null,
    lastSale: null,
    bids: null,
  })
  expect(axieOf(answerWith({ data: { axie: null } }))).toBeNull()
})

test('an exchange rate is a number of dollars that can be one', () => {
  const rate = (usd: unknown) => exchangeRateOf(answerWith({ data: { exchangeRate: { eth: { usd } } } }))
  expect(rate(3_021.5)).toEqual({ ethUsd: 3_021.5, axsUsd: null, slpUsd: null, ronUsd: null, usdcUsd: null })
  for (const usd of [0, -1, 1e12, '3000', null]) expect(() => rate(usd)).toThrow(MarketplaceError)
})

test('a leaderboard is complete or none', () => {
  const axie = { id: '7', rank: 1, class: 'Plant', parts: partIds }
  expect(leaderboardOf(answerWith({ axies: [axie] }))).toEqual({ axies: [{ tokenId: '7', rank: 1, class: 'Plant', parts: partIds }] })
  expect(() => leaderboardOf(answerWith({ axies: [axie, { ...axie, rank: 0 }] }))).toThrow(/axies\.1\.rank/)
})

test.each([{}, [], null, 7, true, { ok: true }, { data: undefined }])(
  'JSON that is no answer (%j) passes: nothing of ours has changed by it',
  (json) => {
    expect(refusalIn(json)).toMatchObject({ code: 'not_json', transient: true })
  },
)
