/** Rate limits of credentials, counted by effect's `RateLimiter`. */
export * as RateLimits from "./RateLimits.ts"
export * as SharedLimits from "./SharedLimits.ts"
