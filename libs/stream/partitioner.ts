/**
 * Murmur2 as in Kafka's Java client (org.apache.kafka.common.utils.Utils.murmur2): 32-bit, signed result. Every adapter uses this one,
 * so that a key lies in the same partition wherever it was written.
 */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995
  const { length } = bytes
  let hash = 0x9747b28c ^ length
  let index = 0
  for (; index + 4 <= length; index += 4) {
    let word = bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24)
    word = Math.imul(word, multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const rest = length - index
  if (rest === 3) hash ^= bytes[index + 2]! << 16
  if (rest >= 2) hash ^= bytes[index + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[index]!, multiplier)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/** Kafka's default partition of a key: the hash made positive by dropping its sign bit, modulo the number of partitions. */
export function partitionOfKey(key: string | Uint8Array, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  return (murmur2(bytes) & 0x7fffffff) % partitions
}
