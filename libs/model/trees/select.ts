/**
 * The smallest of some values that has at least a share of all weight at or below it; 0 where there is none, never -0. Brings values and weights into another
 * order, but does not sort them: the work grows with their number alone (Hoare, Algorithm 65: Find, 1961, by weight).
 * @param weights of each value, above 0
 */
export function quantileOf(values: Float64Array, weights: Float64Array, share: number): number {
  if (values.length === 0) return 0
  let [from, until] = [0, values.length - 1]
  // What must lie at or below the value sought, of the values from `from` on.
  let wanted = share * sumOf(weights, 0, values.length)
  while (from < until) {
    const pivot = middleOfThree(values[from] as number, values[(from + until) >> 1] as number, values[until] as number)
    const [left, right] = partition(values, weights, from, until, pivot)
    const below = sumOf(weights, from, right + 1)
    if (wanted <= below) {
      until = right
      continue
    }
    const upToPivot = below + sumOf(weights, right + 1, left)
    // Between the two stand values that equal the pivot.
    if (wanted <= upToPivot && left - right > 1) return withoutSign(pivot)
    wanted -= upToPivot
    from = Math.min(left, until)
  }
  return withoutSign(values[from] as number)
}

/** 0 and -0 are one value, but differ in a comparison by bits: which of the two stands where a quantile falls depends on the order. */
const withoutSign = (value: number): number => value + 0

/** Up to `right` nothing is above the pivot, from `left` on nothing below; what stands between equals it. */
function partition(
  values: Float64Array,
  weights: Float64Array,
  from: number,
  until: number,
  pivot: number,
): readonly [left: number, right: number] {
  let [left, right] = [from, until]
  while (left <= right) {
    while ((values[left] as number) < pivot) left++
    while ((values[right] as number) > pivot) right--
    if (left > right) break
    swap(values, left, right)
    swap(weights, left++, right--)
  }
  return [left, right]
}

function swap(numbers: Float64Array, one: number, other: number): void {
  const moved = numbers[one] as number
  numbers[one] = numbers[other] as number
  numbers[other] = moved
}

function sumOf(numbers: Float64Array, from: number, until: number): number {
  let sum = 0
  for (let index = from; index < until; index++) sum += numbers[index] as number
  return sum
}

const middleOfThree = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
