import { limits } from '#app/notifier/discord-text.ts'

/** A message as the stand-in keeps it. */
export type StoredMessage = Readonly<{
  id: string
  channel_id: string
  embeds: readonly Embed[]
  components: readonly unknown[]
  content: string
  author: Readonly<{ id: string; username: string; bot: boolean }>
  timestamp: string
}> & { edited: number }

export type Embed = Readonly<{
  author?: { name: string }
  title?: string
  url?: string
  description?: string
  color?: number
  fields?: readonly { name: string; value: string; inline?: boolean }[]
  thumbnail?: { url: string }
  footer?: { text: string }
}>

export type MessageBody = Readonly<{
  embeds?: readonly Embed[]
  components?: readonly { components?: readonly { custom_id?: string; url?: string; style?: number }[] }[]
  content?: string
  nonce?: string
  enforce_nonce?: boolean
  allowed_mentions?: { parse?: readonly string[] }
}>

/** What Discord would refuse, in its words; empty where the message is fine. */
export function complaintsOf({ embeds = [], components = [], content = '', nonce, allowed_mentions }: MessageBody): string[] {
  const tooLong = (name: string, text: string | undefined, most: number) =>
    (text ?? '').length > most ? [`${name}: Must be ${most} or fewer in length.`] : []
  const address = (name: string, url: string | undefined) =>
    url === undefined || /^https?:\/\/[^\s]+$/.test(url) ? [] : [`${name}: Not a well formed URL.`]
  const total = embeds.reduce((sum, embed) => sum + textOf(embed).length, 0)
  const ids = components.flatMap((row) => row.components ?? []).flatMap(({ custom_id }) => custom_id ?? [])
  return [
    ...embeds.flatMap((embed) => [
      ...tooLong('title', embed.title, limits.title),
      ...tooLong('description', embed.description, limits.description),
      ...tooLong('footer', embed.footer?.text, limits.footer),
      ...tooLong('author', embed.author?.name, limits.author),
      ...(embed.fields ?? []).flatMap((field) => [
        ...tooLong('field name', field.name, limits.fieldName),
        ...tooLong('field value', field.value, limits.fieldValue),
        ...(field.value.length === 0 || field.name.length === 0 ? ['field: This field is required'] : []),
      ]),
      ...((embed.fields ?? []).length > 25 ? ['fields: Must be 25 or fewer in length.'] : []),
      ...address('url', embed.url),
      ...address('thumbnail', embed.thumbnail?.url),
    ]),
    ...(total > limits.total ? [`embeds: Embed size exceeds maximum size of ${limits.total}`] : []),
    ...(embeds.length === 0 && content === '' ? ['Cannot send an empty message'] : []),
    ...tooLong('nonce', nonce, 25),
    ...ids.flatMap((id) => tooLong('custom_id', id, limits.customId)),
    ...(new Set(ids).size === ids.length ? [] : ['custom_id: Component custom id cannot be duplicated']),
    ...components.flatMap((row) => row.components ?? []).flatMap(({ url }) => address('button url', url)),
    ...(allowed_mentions?.parse?.length === 0 ? [] : ['not of Discord: this project never lets a message mention anyone']),
  ]
}

export const textOf = ({ author, title = '', description = '', fields = [], footer }: Embed): string =>
  [author?.name ?? '', title, description, ...fields.flatMap(({ name, value }) => [name, value]), footer?.text ?? ''].join('')
