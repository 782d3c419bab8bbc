const store = ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] as const

/** Which secrets of our environment an app is given; a test compares them with what the apps themselves ask for. */
export const secretsOf: Readonly<Record<string, readonly string[]>> = {
  collector: ['AXIE_API_KEY', ...store],
  enricher: store,
  featurizer: [],
  scorer: store,
  alerter: store,
  notifier: ['DISCORD_TOKEN', 'DISCORD_WEBHOOKS', 'WEBHOOK_URL', 'WEBHOOK_SECRET', 'AXIE_API_KEY', 'PRICE_API_TOKEN'],
  ledger: [],
  dashboard: ['API_TOKEN', 'AXIE_API_KEY', ...store],
  validator: [],
  archiver: store,
  learner: store,
  trainer: ['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN', ...store],
  simulator: ['SIMULATOR_API_KEY'],
  train: ['MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN'],
}

const looksSecret = /(?:KEY|KEY_ID|TOKEN|SECRET|PASSWORD|CREDENTIALS|WEBHOOKS|WEBHOOK_URL)$/

/** Our environment without what looks like a secret, but for the app's own: what leaks from one app opens no other door. */
export function withoutOthersSecrets(app: string, environment: Readonly<Record<string, string>>): Record<string, string> {
  const own = secretsOf[app] ?? []
  return Object.fromEntries(Object.entries(environment).filter(([name]) => own.includes(name) || !looksSecret.test(name)))
}
