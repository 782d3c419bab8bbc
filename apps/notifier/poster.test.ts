import { afterEach, expect, it } from 'vitest'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import { type StandIn, startDiscord } from '../../tests/discord/stand-in.ts'
import { alertMessage } from './embed.ts'
import { createBotPoster, createWebhookPoster, type Poster } from './poster.ts'

let discord: StandIn
afterEach(() => discord.close())

const message = alertMessage(sampleAlert(), { reference: 'r'.repeat(25), buttons: 'links' })
const problemOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    return JSON.stringify(await work())
  } catch (error) {
    const { name, message, stack, cause } = error as Error
    return JSON.stringify({ name, message, stack, cause, keys: Object.entries(error as object) })
  }
}

it('whatever goes wrong, nothing that is told holds a token', async () => {
  discord = await startDiscord()
  const common = { apiUrl: discord.apiUrl, timeoutMillis: 10_000 }
  const nowhere = { ...common, apiUrl: 'http://127.0.0.1:1/api' }
  const secrets = ['secret-of-the-bot', 'secret-of-the-hook', discord.token, discord.webhook.token]
  const posters: Poster[] = [
    createBotPoster({ ...common, token: 'secret-of-the-bot', channelId: discord.channelId }),
    createBotPoster({ ...common, token: discord.token, channelId: '123456789012345678' }),
    createBotPoster({ ...nowhere, token: discord.token, channelId: discord.channelId }),
    createWebhookPoster({ ...common, webhook: { id: discord.webhook.id, token: 'secret-of-the-hook' } }),
    createWebhookPoster({ ...nowhere, webhook: discord.webhook }),
    createWebhookPoster({ ...common, webhook: discord.webhook }),
  ]
  discord.setFault(() => 'failed')
  const said = await Promise.all(
    posters.flatMap((poster) => [
      problemOf(() => poster.post(message, 'n')),
      problemOf(() => poster.find('r', 0)),
      problemOf(() => poster.embedOf('1')),
      problemOf(() => poster.edit('1', message)),
      Promise.resolve(poster.name),
    ]),
  )
  for (const secret of secrets) expect(said.join('\n')).not.toContain(secret)
  for (const problem of [/answered 401/, /cannot be reached/, /Unknown Webhook/, /answered 503/]) expect(said.join('\n')).toMatch(problem)
})
