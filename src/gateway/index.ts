/** The gateway as a library, for applications that run it in their own process. */

export { withDefaults } from "../config/Defaults.ts"
export { ConfigFile } from "../config/file/ConfigFile.ts"
export { ConfigError } from "../config/file/Problem.ts"
export * as GatewayConfig from "../config/GatewayConfig.ts"
export { load, parse } from "../config/Load.ts"
export { AdminApi } from "./admin/AdminApi.ts"
export * as AdminClient from "./admin/AdminClient.ts"
export * as Gateway from "./Gateway.ts"
