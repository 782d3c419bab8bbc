/**
 * The value at a share of the way through the sorted values, between two of them linearly; 0 of none. Brings the values into another
 * order, but does not sort them: the work grows with their number alone (Hoare, Algorithm 65: Find, 1961).
 */
export function quantileOf(values: Float64Array, share: number): number {
  if (values.length === 0) return 0
  const place = share * (values.length - 1)
  const low = Math.floor(place)
  const below = select(values, low)
  if (place === low) return below
  let above = values[low + 1] as number
  for (let index = low + 2; index < values.length; index++) above = Math.min(above, values[index] as number)
  return below + (place - low) * (above - below)
}

/** The value that would stand at `place` were all sorted: it then does, nothing before it is larger, nothing behind it smaller. */
function select(values: Float64Array, place: number): number {
  let from = 0
  let until = values.length - 1
  while (from < until) {
    const pivot = middleOfThree(values[from] as number, values[(from + until) >> 1] as number, values[until] as number)
    let left = from
    let right = until
    while (left <= right) {
      while ((values[left] as number) < pivot) left++
      while ((values[right] as number) > pivot) right--
      if (left > right) break
      const moved = values[left] as number
      values[left++] = values[right] as number
      values[right--] = moved
    }
    if (place <= right) until = right
    else if (place >= left) from = left
    else break
  }
  return values[place] as number
}

const middleOfThree = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
