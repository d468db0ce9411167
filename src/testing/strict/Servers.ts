/** Strict servers, one for each row of the table of dialects: what the real one refuses, with its messages. */

import * as AnthropicServers from "./AnthropicServers.ts"
import * as FamilyServers from "./FamilyServers.ts"
import * as HostServers from "./HostServers.ts"
import * as LocalServers from "./LocalServers.ts"
import * as OpenAiServers from "./OpenAiServers.ts"

/** The servers, by the names of their rows. */
export const servers = {
  ...OpenAiServers.servers,
  ...AnthropicServers.servers,
  ...FamilyServers.servers,
  ...HostServers.servers,
  ...LocalServers.servers
} as const
