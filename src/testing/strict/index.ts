/** Servers that refuse what the real ones refuse, such as Mistral's and DeepSeek's, for tests. */
export type { Check, Finding, JsonObject } from "./Check.ts"
export {
  make,
  type Refusal,
  type ScriptedAnswer,
  type ScriptedCall,
  type Server,
  type ServerAnswer,
  type ServerRequest,
  type Strictness
} from "./Server.ts"
export { servers } from "./Servers.ts"
export { transport } from "./Transport.ts"
