import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { snappyUncompress } from 'hyparquet'
import { decompressFrame } from 'lz4-napi'

/** What the lowest three bits of a record batch's attributes say. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CodecName = (typeof codecNames)[number]

/** Takes compressed records, and gives them if they are within the number of bytes given. Throws where they are not, or are no such data. */
export type Decompress = (compressed: Buffer, maxBytes: number) => Promise<Buffer> | Buffer

const gunzipBounded = promisify(gunzip)
const zstdBounded = promisify(zstdDecompress)

const tooLarge = (maxBytes: number) => new Error(`it expands to more than ${maxBytes} bytes`)
const isTooLarge = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'

async function bounded(decompressed: Promise<Buffer>, maxBytes: number): Promise<Buffer> {
  try {
    return await decompressed
  } catch (error) {
    throw isTooLarge(error) ? tooLarge(maxBytes) : error
  }
}

/**
 * The codecs that Kafka's protocol knows. Each is bounded before or while it expands: a few kilobytes of zeros must not take the memory of
 * the process. Nothing here compresses: flipstream writes plain batches, and a topic's `compression.type` is the broker's work.
 */
export const decompressors: Readonly<Record<CodecName, Decompress>> = {
  none: (records) => records,
  gzip: (compressed, maxBytes) => bounded(gunzipBounded(compressed, { maxOutputLength: maxBytes }), maxBytes),
  zstd: (compressed, maxBytes) => bounded(zstdBounded(compressed, { maxOutputLength: maxBytes }), maxBytes),
  snappy: decompressSnappy,
  lz4(compressed, maxBytes) {
    if (largestLz4(compressed) > maxBytes) throw tooLarge(maxBytes)
    return decompressFrame(compressed)
  },
}

const javaSnappyMagic = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0])
const javaSnappyHeadBytes = 16

/** Snappy, bare or, as Java's clients write it, in blocks with a length before each. */
function decompressSnappy(compressed: Buffer, maxBytes: number): Buffer {
  if (!compressed.subarray(0, javaSnappyMagic.length).equals(javaSnappyMagic)) return decompressSnappyBlock(compressed, maxBytes)
  const blocks: Buffer[] = []
  let left = maxBytes
  for (let at = javaSnappyHeadBytes; at < compressed.length; ) {
    const length = compressed.readInt32BE(at)
    if (length < 0 || at + 4 + length > compressed.length) throw new Error('a snappy block ends beyond its batch')
    const block = decompressSnappyBlock(compressed.subarray(at + 4, at + 4 + length), left)
    left -= block.length
    blocks.push(block)
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

function decompressSnappyBlock(block: Buffer, maxBytes: number): Buffer {
  const length = snappyLength(block)
  if (length > maxBytes) throw tooLarge(maxBytes)
  const output = Buffer.alloc(length)
  if (length > 0) snappyUncompress(block, output)
  return output
}

/** A block says first how long it will be: 7 bits a byte, the lowest first, at most 32 bits. */
function snappyLength(block: Buffer): number {
  let length = 0
  for (let index = 0; index < 5; index++) {
    const byte = block[index]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw new Error('a snappy block without its length')
}

const lz4Magic = 0x184d2204
/** LZ4 spends at least one byte on 255. */
const lz4MostExpansion = 255
const lz4BlockBytes: Readonly<Record<number, number>> = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 }

/** The most bytes that an LZ4 frame can expand to, from the lengths of its blocks alone. */
function largestLz4(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== lz4Magic) throw new Error('no LZ4 frame')
  const flags = frame[4]!
  const blockBytes = lz4BlockBytes[(frame[5]! >> 4) & 7]
  if (blockBytes === undefined) throw new Error('an LZ4 frame with blocks of no known size')
  const [hasBlockChecksums, hasSize, hasDictionary] = [(flags & 0x10) !== 0, (flags & 0x08) !== 0, (flags & 0x01) !== 0]
  let at = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0)
  for (let most = 0; ; ) {
    if (at + 4 > frame.length) throw new Error('an LZ4 frame without its end')
    const head = frame.readUInt32LE(at)
    if (head === 0) return most
    const isPlain = head >= 0x8000_0000
    const length = head & 0x7fff_ffff
    most += Math.min(blockBytes, isPlain ? length : length * lz4MostExpansion)
    at += 4 + length + (hasBlockChecksums ? 4 : 0)
  }
}
