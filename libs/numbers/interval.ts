/** A 95% interval: nineteen of twenty such intervals hold what they are for. */
export type Interval = Readonly<{ low: number; high: number }>
