/** Moments as people and programs read them. */

/** The last moment that a date can hold, in milliseconds since the epoch. */
const last = 8.64e15

/**
 * A moment in milliseconds since the epoch as ISO 8601. A rest can reach further than any date, by hand or because a
 * provider named an odd one: it ends with the last.
 */
export const format = (millis: number): string => new Date(Math.min(millis, last)).toISOString()
