/** What is asked of the marketplace: no more than an event needs, because every field costs both sides. */

const item = 'id class breedCount newGenes genes image parts { id }'
const order = 'order { maker paymentToken startedAt basePrice endedAt endedPrice duration currentPrice currentPriceUsd }'
const transfers = (size: number) =>
  `transferHistory(from: 0, size: ${size}) { results { from to timestamp txHash withPrice withPriceUsd } }`

/**
 * An axie that was sold more than once is told with its newest sales, whichever of them put it on the page; one that was sold more often
 * than this within the history asked for loses the older ones.
 */
const salesOfAxie = 10

export const listingsQuery = `query Listings($from: Int!, $size: Int!, $sort: SortBy!, $criteria: AxieSearchCriteria) {
  axies(auctionType: Sale, from: $from, size: $size, sort: $sort, criteria: $criteria) { total results { ${item} ${order} } }
}`

export const settledQuery = `query Settled($from: Int!, $size: Int!) {
  settledAuctions { axies(from: $from, size: $size) { total results { ${item} ${transfers(salesOfAxie)} } } }
}`

export const axieQuery = `query Axie($axieId: ID!) {
  axie(axieId: $axieId) { ${item} ${order} ${transfers(1)} }
}`

export const exchangeRateQuery = 'query Rate { exchangeRate { eth { usd } } }'
