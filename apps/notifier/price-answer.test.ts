import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { priceAnswer } from './price-answer.ts'

const prices = { forecastUsd: { q05: 1, q25: 2, q50: 3, q75: 4, q95: 5 } }
const dashboard = createServer(({ headers, url: path }, response) => {
  const isKnown = headers.authorization === 'Bearer secret'
  const status = !isKnown ? 401 : path === '/api/price/7' ? 200 : 404
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(prices))
})
let url: string
beforeAll(async () => {
  await new Promise<void>((resolve) => dashboard.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(dashboard.address() as AddressInfo).port}`
})
afterAll(() => void dashboard.close().closeAllConnections())

test('/price asks a dashboard that wants a token with the token, and says what is wrong where it has none', async () => {
  expect(await priceAnswer({ url, token: 'secret' }, '7')).toContain('Axie #7 is worth')
  expect(await priceAnswer({ url, token: 'secret' }, '8')).toContain('not known to the market')
  expect(await priceAnswer({ url, token: null }, '7')).toContain('PRICE_API_TOKEN')
  expect(await priceAnswer({ url: null, token: null }, '7')).toContain('PRICE_API_URL')
})
