/** What the marketplace keeps of a sale's price. Stored rule sets name the fee of their day, and keep it. */
export const marketFeeRatio = 0.0425
