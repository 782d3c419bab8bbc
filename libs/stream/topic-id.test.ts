import { describe, expect, it } from 'vitest'
import { formatMetadata, parseMetadata } from '#lib/stream/runtime/offset-metadata.ts'
import { withoutTopicId, withTopicId } from './topic-id.ts'

const id = 'AbCdEfGhIjKlMnOpQr-_12'
const checkpoint = { offset: 7, clock: 12.5, carry: '{"modelId":"é"}' }

describe('the id of a topic beside a position', () => {
  it.each(['', formatMetadata(checkpoint), '{"topic":"mine"}'])('comes off again, and leaves what was remembered: %s', (metadata) => {
    expect(withoutTopicId(withTopicId(metadata, id))).toEqual({ metadata, topicId: id })
  })

  it('is passed over by whoever does not know of it', () => {
    expect(parseMetadata(withTopicId(formatMetadata(checkpoint), id))).toEqual(checkpoint)
  })

  it.each(['here', '[1]', '{}', `{"carry":"${'x'.repeat(4_080)}"}`])(
    'is left out of what is no JSON of ours, or leaves no room',
    (metadata) => {
      expect(withTopicId(metadata, id)).toBe(metadata)
      expect(withoutTopicId(metadata)).toEqual({ metadata, topicId: null })
    },
  )

  it('is not there while it is not known', () => {
    expect(withTopicId('', undefined)).toBe('')
  })
})
