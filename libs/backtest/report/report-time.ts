/** A moment as a report says it: `2022-04-15 00:00 UTC`. */
export const minute = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`
