/** A provider of a gateway. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { Overrides } from "../../dialect/index.ts"
import type { Target } from "../../domain/Target.ts"
import type { HttpProvider } from "../../providers/HttpProvider.ts"
import type { Dialect } from "../../translate/index.ts"
import type * as Dialects from "./Dialects.ts"

/** A provider with its protocol and dialects. */
export interface GatewayProvider extends HttpProvider {
  readonly protocol: ProtocolName
  /** The dialect of each target. */
  readonly dialectOf: Dialects.DialectOf
  /** Adds rules to the dialect of a target that refused a request without them. */
  readonly learn?: ((target: Target, overrides: Overrides) => void) | undefined
  /** The callers' protocol, if requests are translated; `undefined` if they are passed on. */
  readonly translatedFrom?: Dialect | undefined
}
