import { Client, ComponentType, Events, GatewayIntentBits, type Interaction, MessageFlags, PermissionFlagsBits } from 'discord.js'
import type { Clock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { type Action, type AnswerContext, answerTo, type Person } from './discord-answers.ts'
import { commands } from './discord-commands.ts'
import { clip, limits } from './discord-text.ts'

export type DiscordBotOptions = Readonly<{
  token: string
  apiUrl: string
  /** Where alerts are posted: buttons and commands work there and nowhere else. */
  channelIds: ReadonlySet<string>
  /** Ids of users and roles that may pause and mute, beside those who may manage the server. */
  operators: ReadonlySet<string>
  answers: AnswerContext
  clock: Clock
  logger: Logger
  /** Null: connected. */
  onTrouble(problem: string | null): void
}>

/** The bot's ears: buttons and commands, over the gateway. Posting does not need it. */
export interface DiscordBot {
  /** Rejects when Discord refuses us for good. */
  readonly finished: Promise<void>
  stop(): Promise<void>
}

const maxGoodbyeMillis = 2_000

export function startDiscordBot(options: DiscordBotOptions): DiscordBot {
  const { token, apiUrl, clock, logger, onTrouble } = options
  const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: apiUrl }, allowedMentions: { parse: [] } })
  const stopping = new AbortController()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})

  client.on(Events.ClientReady, async () => {
    onTrouble(null)
    logger.info({ user: client.user?.id }, 'connected to Discord')
    await client.application?.commands.set(commands).catch((error: Error) => {
      logger.warn({ problem: nameOf(error) }, 'Discord did not take the slash commands: those of before stay')
    })
  })
  client.on(Events.ShardReconnecting, () => onTrouble('reconnecting to the gateway'))
  client.on(Events.ShardResume, () => onTrouble(null))
  client.on(Events.ShardReady, () => onTrouble(null))
  // Without a listener an error would end the process; discord.js goes on by itself.
  client.on(Events.Error, (error) => logger.warn({ problem: nameOf(error) }, 'Discord client'))
  client.on(Events.ShardError, (error) => logger.warn({ problem: nameOf(error) }, 'Discord gateway'))
  client.on(Events.Invalidated, () =>
    ended.reject(new FatalError('Discord ended the session for good: check DISCORD_TOKEN, then start again')),
  )
  client.on(Events.InteractionCreate, (interaction) => {
    handle(interaction, options).catch((error: Error) => logger.warn({ problem: nameOf(error) }, 'an interaction was not answered'))
  })

  const connect = async () => {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        return void (await client.login(token))
      } catch (error) {
        const problem = nameOf(error as Error)
        if (isRefusal(error)) throw new FatalError(`Discord refused DISCORD_TOKEN or its intents (${problem}): set a bot's token`)
        onTrouble(`cannot connect to Discord: ${problem}`)
        logger.warn({ problem, attempt }, 'cannot connect to Discord; trying again')
        await clock.sleep(backoffMillis(attempt, clock), stopping.signal).catch(() => {})
      }
    }
  }
  const connecting = connect()
  connecting.catch(ended.reject)
  return {
    finished: ended.promise,
    async stop() {
      stopping.abort()
      // Let go of while it connects, discord.js leaves a socket behind whose errors nobody hears: they would end the process.
      const goodbye = connecting.catch(() => {}).then(() => client.destroy())
      await Promise.race([goodbye, clock.sleep(maxGoodbyeMillis)])
      ended.resolve()
    },
  }
}

const isRefusal = (error: unknown): boolean =>
  ['TokenInvalid', 'InvalidIntents', 'DisallowedIntents'].includes(String((error as { code?: unknown }).code)) ||
  (error as { status?: unknown }).status === 401

/** Never the message or the error itself: they may hold addresses with a token. */
const nameOf = (error: Error): string => {
  const { code, status } = error as { code?: unknown; status?: unknown }
  return [error.name, code, status].filter((part) => part !== undefined).join(' ')
}

async function handle(interaction: Interaction, { channelIds, operators, answers }: DiscordBotOptions): Promise<void> {
  const action = actionOf(interaction)
  if (action === null || !(interaction.isButton() || interaction.isChatInputCommand())) return
  // Discord waits three seconds for a word; what is asked for may take longer.
  await interaction.deferReply({ flags: MessageFlags.Ephemeral })
  let content: string
  try {
    content = await answerTo(action, personOf(interaction, channelIds, operators), answers)
  } catch (error) {
    content = `That did not work, and may be tried again: ${(error as Error).name === 'RetryableError' ? 'the log is away' : 'something failed here'}.`
  }
  await interaction.editReply({ content: clip(content, limits.fieldValue * 1.9) })
}

function actionOf(interaction: Interaction): Action | null {
  if (interaction.isButton()) {
    const buttons = interaction.message.components.flatMap((row) => (row.type === ComponentType.ActionRow ? [...row.components] : []))
    const siblings = buttons.flatMap((button) => button.customId ?? [])
    return { type: 'button', customId: interaction.customId, siblings }
  }
  if (!interaction.isChatInputCommand()) return null
  const options = interaction.options.data.flatMap(({ name, value }) =>
    typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [],
  )
  return { type: 'command', name: interaction.commandName, options: Object.fromEntries(options) }
}

function personOf(interaction: Interaction, channelIds: ReadonlySet<string>, operators: ReadonlySet<string>): Person {
  const roles = interaction.inGuild()
    ? Array.isArray(interaction.member.roles)
      ? interaction.member.roles
      : [...interaction.member.roles.cache.keys()]
    : []
  const manages = interaction.memberPermissions?.has(PermissionFlagsBits.ManageGuild) === true
  return {
    id: interaction.user.id,
    name: interaction.user.username,
    mayOperate: manages || operators.has(interaction.user.id) || roles.some((role) => operators.has(role)),
    isInOurChannel: interaction.channelId !== null && channelIds.has(interaction.channelId),
  }
}
