/**
 * avsc 5.7.9 believes the item count in front of an array or a map. Garbage bytes then make it loop billions of times past the end of
 * the buffer (it checks the position only when the whole record is read): one hostile record would hang the process.
 * Every item of our schemas takes at least one byte, so a count above the bytes that are left is refused before the loop.
 * Import for effect, once, before any type is built.
 */
import avro from 'avsc'

type Tap = { buf: Buffer; pos: number; readLong(): number; skipLong(): void; readString(): string }
type Readable = { _read(tap: Tap): unknown }
type Internals = Readable & { itemsType: Readable; valuesType: Readable }

function readCount(tap: Tap): number {
  let count = tap.readLong()
  if (count < 0) {
    count = -count
    tap.skipLong()
  }
  if (count > tap.buf.length - tap.pos) throw new Error(`${count} items announced, ${Math.max(0, tap.buf.length - tap.pos)} bytes left`)
  return count
}

const types = avro.types as unknown as Record<'ArrayType' | 'MapType', { prototype: Internals }>

types.ArrayType.prototype._read = function (this: Internals, tap: Tap): unknown[] {
  const items: unknown[] = []
  for (let count = readCount(tap); count > 0; count = readCount(tap)) {
    for (let i = 0; i < count; i++) items.push(this.itemsType._read(tap))
  }
  return items
}

types.MapType.prototype._read = function (this: Internals, tap: Tap): Record<string, unknown> {
  const entries: Record<string, unknown> = {}
  for (let count = readCount(tap); count > 0; count = readCount(tap)) {
    for (let i = 0; i < count; i++) {
      const key = tap.readString()
      entries[key] = this.valuesType._read(tap)
    }
  }
  return entries
}
