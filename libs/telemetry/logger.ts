import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** One JSON object a line on stderr: stdout belongs to what a command answers. Secrets are cut out by name, wherever they appear. */
export function createLogger(app: string, level: string, destination?: DestinationStream): Logger {
  const named = ['AXIE_API_KEY', 'S3_SECRET_KEY', 'DISCORD_TOKEN', 'DISCORD_WEBHOOKS', 'WEBHOOK_URL', 'WEBHOOK_SECRET']
  const secrets = ['apiKey', 'token', 'secretKey', 'password', 'authorization', ...named]
  return pino(
    {
      level,
      base: { app },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `headers["${name}"]`]), censor: '[secret]' },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ fd: 2, sync: true }),
  )
}
