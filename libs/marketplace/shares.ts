/**
 * How much of the key's quota each process may use. They share one key and no memory, so each keeps to a fixed share of it: together they
 * cannot exceed what the key has, whatever any of them does.
 */
export const shares = { collector: 0.7, notifier: 0.1, dashboard: 0.05, history: 0.15 } as const
export type BudgetUser = keyof typeof shares
