/** What axies are paid with on Ronin: contract addresses, as the chain's explorer lists them, and decimals of their smallest units. */

export type Token = Readonly<{ symbol: 'ETH' | 'USDC' | 'AXS' | 'SLP' | 'RON'; decimals: number }>

export const ether: Token = { symbol: 'ETH', decimals: 18 }

const listed: readonly (readonly [address: string, token: Token])[] = [
  // Wrapped ether is ether. The marketplace of 2022 did not name a token at all.
  ['0xc99a6a985ed2cac1ef41640596c5a5f9f4e19ef5', ether],
  ['', ether],
  ['weth', ether],
  ['0x0b7007c13325c48911f73a2dad5fa5dcbf808adc', { symbol: 'USDC', decimals: 6 }],
  ['0x97a9107c1793bc407d6f527b77e7fff4d812bece', { symbol: 'AXS', decimals: 18 }],
  // Love potions are not divisible.
  ['0xa8754b9fa15fc18bb59458815510e40a12cd2014', { symbol: 'SLP', decimals: 0 }],
  ['0xe514d9deb7966c8be0ca922de8a064264ea6bcd4', { symbol: 'RON', decimals: 18 }],
]

const tokens: ReadonlyMap<string, Token> = new Map(
  listed.flatMap(([address, token]) => [[address, token] as const, [token.symbol.toLowerCase(), token] as const]),
)

/**
 * The token with this address, in any case, also as the chain itself writes it (`ronin:…`), or with this symbol; null for one that we do not
 * know, whose decimals would be a guess.
 */
export const tokenOf = (address: string): Token | null =>
  tokens.get(address) ??
  tokens.get(
    address
      .trim()
      .toLowerCase()
      .replace(/^ronin:/, '0x'),
  ) ??
  null
