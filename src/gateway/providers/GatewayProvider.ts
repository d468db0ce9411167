/** A provider of a gateway. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { HttpProvider } from "../../providers/HttpProvider.ts"
import type { Dialect } from "../../translate/index.ts"
import type * as Dialects from "./Dialects.ts"

/** A provider, and how it speaks upstream. */
export interface GatewayProvider extends HttpProvider {
  readonly protocol: ProtocolName
  /** What its targets take. */
  readonly dialectOf: Dialects.DialectOf
  /** Callers of what are translated for it; `undefined` where its own words are spoken. */
  readonly translatedFrom?: Dialect | undefined
}
