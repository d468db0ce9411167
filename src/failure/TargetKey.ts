/**
 * The key of a target: `provider/model#credential`, as in the header `x-failover-target`. Failures, run errors, decisions and
 * metadata of answers name a target in this form.
 */
export type TargetKey = string
