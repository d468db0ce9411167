/** The gateway, for applications that want one in their own process. */
export { ConfigFile } from "../config/ConfigFile.ts"
export { withDefaults } from "../config/Defaults.ts"
export * as GatewayConfig from "../config/GatewayConfig.ts"
export { load, parse } from "../config/Load.ts"
export { ConfigError } from "../config/Problem.ts"
export { AdminApi } from "./admin/AdminApi.ts"
export * as AdminClient from "./admin/AdminClient.ts"
export * as Gateway from "./Gateway.ts"
