/** Health checks of targets, and a route between a primary and a backup. */
export * as Check from "../checks/Check.ts"
export * as HealthCheck from "../checks/HealthCheck.ts"
export * as Ramp from "./Ramp.ts"
export * as Route from "./Route.ts"
export * as UpstreamRouter from "./UpstreamRouter.ts"
