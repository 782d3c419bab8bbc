import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  PermissionFlagsBits,
  type RESTPutAPIApplicationCommandsJSONBody,
} from 'discord.js'

const operatorsOnly = String(PermissionFlagsBits.ManageGuild)

const axie = {
  name: 'axie',
  description: 'Its number',
  type: ApplicationCommandOptionType.Integer as const,
  required: true,
  min_value: 1,
}

const price = {
  name: 'price',
  description: 'In dollars; of a purchase, where it is left out: the ask that was alerted',
  type: ApplicationCommandOptionType.Number as const,
}

/** What people can type. Discord shows those with `default_member_permissions` to operators only; we check again. */
export const commands: RESTPutAPIApplicationCommandsJSONBody = [
  { name: 'price', description: 'What an axie will sell for', type: ApplicationCommandType.ChatInput, options: [axie] },
  { name: 'why', description: 'Why an axie was alerted, or not', type: ApplicationCommandType.ChatInput, options: [axie] },
  { name: 'stats', description: 'What became of the alerts of the last seven days', type: ApplicationCommandType.ChatInput },
  ...(['bought', 'sold'] as const).map((name) => ({
    name,
    description: name === 'bought' ? 'Your account has bought an axie' : 'Your account has sold an axie',
    type: ApplicationCommandType.ChatInput as const,
    options: [axie, { ...price, required: name === 'sold' }],
  })),
  {
    name: 'pause',
    description: 'No alerts until /resume',
    type: ApplicationCommandType.ChatInput,
    default_member_permissions: operatorsOnly,
  },
  { name: 'resume', description: 'Alerts again', type: ApplicationCommandType.ChatInput, default_member_permissions: operatorsOnly },
  ...(['mute', 'unmute'] as const).map((name) => ({
    name,
    description: name === 'mute' ? 'No alerts about a seller' : 'Alerts about a seller again',
    type: ApplicationCommandType.ChatInput as const,
    default_member_permissions: operatorsOnly,
    options: [
      {
        name: 'seller',
        description: "The seller's address",
        type: ApplicationCommandOptionType.String as const,
        required: true,
        max_length: 100,
      },
    ],
  })),
]
