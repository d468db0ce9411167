/** The gateway, for applications that want one in their own process. */
export * as GatewayConfig from "../config/GatewayConfig.ts"
export { load, parse } from "../config/Load.ts"
export { ConfigError } from "../config/Problem.ts"
export * as Gateway from "./Gateway.ts"
