/**
 * 2^(-age / half-life), the weight of a sale by its age, milliseconds. A power takes longer than all else that a measure does with a
 * sale, and most ages come again: the same sale stands on many rungs, and the newest sales are always seconds to hours old. So powers are
 * remembered, one for each second of the last nine hours; an age is looked up as it is, and the weight is the power itself, to the bit.
 */
const remembered = 2 ** 15

export function createDecay(halfLifeMillis: number): (age: number) => number {
  const ages = new Float64Array(remembered).fill(Number.NaN)
  const weights = new Float64Array(remembered)
  return (age) => {
    const slot = Math.floor(age / 1_000) & (remembered - 1)
    if (ages[slot] !== age) {
      ages[slot] = age
      weights[slot] = 2 ** (-age / halfLifeMillis)
    }
    return weights[slot] as number
  }
}
