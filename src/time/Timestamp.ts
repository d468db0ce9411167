/** Times as people and programs read them. */

/** The last time that a date can hold, in milliseconds since the epoch. */
const last = 8.64e15

/**
 * A time in milliseconds since the epoch as ISO 8601. A cooldown can end later than any date, by hand or because a provider
 * sent such a time: it is shown as the last date.
 */
export const format = (millis: number): string => new Date(Math.min(millis, last)).toISOString()
