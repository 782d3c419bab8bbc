import type { Position } from '#schemas/types.ts'

/** An open position for tests, of another class, seller and rule than the sample alert. */
export const samplePosition = (change: Partial<Position> = {}): Position => ({
  positionId: 'main:7:1',
  account: 'main',
  tokenId: '7',
  boughtUsd: 20,
  boughtAt: 1,
  soldUsd: null,
  soldAt: null,
  soldBy: null,
  alertId: null,
  rule: null,
  class: 'plant',
  seller: '0xother',
  by: null,
  ...change,
})
