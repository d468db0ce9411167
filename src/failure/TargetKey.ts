/**
 * A target in writing: `provider/model#credential`, as in the header `x-failover-target`. Whatever can cross a wire
 * (failures, run errors, decisions, metadata of answers) has a target in this form; it is the `key` of a `Target`.
 */
export type TargetKey = string
