/**
 * The values of one column, packed as they come. Thousands of rows kept as objects, each with its texts, would outlive collection after
 * collection, be copied by each, and make most of the archiver's memory.
 */
export interface ColumnBuilder<In, Out = In> {
  append(value: In): void
  at(index: number): Out
  values(): Out[]
  /** Begins anew in the same memory, unless little of it was needed: then it is given back. */
  clear(): void
}

export type BytesColumn = ColumnBuilder<Buffer | string | null, Buffer | null> & Readonly<{ bytes(): number }>

export function createNumberColumn(): ColumnBuilder<number | null> {
  const [numbers, isThere] = [growing(Float64Array), growing(Uint8Array)]
  let length = 0
  const at = (index: number): number | null => (isThere.array[index] === 1 ? numbers.array[index]! : null)
  return {
    at,
    values: () => listed(length, at),
    append(value) {
      numbers.roomFor(length + 1)[length] = value ?? 0
      isThere.roomFor(length + 1)[length++] = value === null ? 0 : 1
    },
    clear() {
      for (const part of [numbers, isThere]) part.clear(length)
      length = 0
    },
  }
}

/** For values that are nearly all different: one after the other. Texts as UTF-8. What it gives are views, until the next append. */
export function createBytesColumn(): BytesColumn {
  const [bytes, ends, isThere] = [growing(Uint8Array), growing(Uint32Array), growing(Uint8Array)]
  let [used, length] = [0, 0]
  /** The same memory as `bytes`. */
  let buffer = Buffer.alloc(0)
  const makeRoom = (size: number): void => {
    const array = bytes.roomFor(used + size)
    if (array.buffer !== buffer.buffer) buffer = Buffer.from(array.buffer)
  }
  const put = (value: Buffer | string): void => {
    // UTF-8 takes no more than three bytes for each unit of a string.
    makeRoom(typeof value === 'string' ? 3 * value.length : value.length)
    used += typeof value === 'string' ? buffer.write(value, used) : value.copy(buffer, used)
  }
  const begin = (index: number): number => (index === 0 ? 0 : ends.array[index - 1]!)
  const at = (index: number): Buffer | null => (isThere.array[index] === 1 ? buffer.subarray(begin(index), ends.array[index]) : null)
  return {
    at,
    values: () => listed(length, at),
    bytes: () => used,
    append(value) {
      if (value !== null) put(value)
      ends.roomFor(length + 1)[length] = used
      isThere.roomFor(length + 1)[length++] = value === null ? 0 : 1
    },
    clear() {
      bytes.clear(used)
      for (const part of [ends, isThere]) part.clear(length)
      ;[used, length] = [0, 0]
    },
  }
}

/** For values of which there are few: each is kept once. */
export function createDictionaryColumn<Value>(): ColumnBuilder<Value> {
  const codes = growing(Uint32Array)
  const codeOfValue = new Map<Value, number>()
  let [entries, length] = [[] as Value[], 0]
  const codeOf = (value: Value): number => {
    const known = codeOfValue.get(value)
    if (known !== undefined) return known
    codeOfValue.set(value, entries.length)
    return entries.push(value) - 1
  }
  const at = (index: number): Value => entries[codes.array[index]!]!
  return {
    at,
    values: () => listed(length, at),
    append(value) {
      codes.roomFor(length + 1)[length++] = codeOf(value)
    },
    clear() {
      codes.clear(length)
      codeOfValue.clear()
      ;[entries, length] = [[], 0]
    },
  }
}

function listed<Value>(length: number, at: (index: number) => Value): Value[] {
  const values = new Array<Value>(length)
  for (let index = 0; index < length; index++) values[index] = at(index)
  return values
}

type TypedArray = Float64Array | Uint32Array | Uint8Array

const firstLength = 64
/** What was filled to less than this share is given back. */
const keptShare = 1 / 8

/** Doubled whenever it is full, so that growing costs a constant time for each value. */
function growing<Values extends TypedArray>(make: new (length: number) => Values) {
  const growable = {
    array: new make(firstLength),
    /** The array, with room for this many. */
    roomFor(length: number): Values {
      const { array } = growable
      if (length <= array.length) return array
      growable.array = new make(Math.max(length, 2 * array.length))
      growable.array.set(array)
      return growable.array
    },
    /** `length`: how many were needed. */
    clear(length: number): void {
      if (length < keptShare * growable.array.length) growable.array = new make(firstLength)
    },
  }
  return growable
}
