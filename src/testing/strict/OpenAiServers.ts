/** OpenAI's own server, and those of Microsoft and GitHub that serve its models. */
import { chats, idLength, items, openaiError, system, top, unknown } from "./Refusals.ts"
import type { Strictness } from "./Strictness.ts"

/** The servers, by the names of their rows in the table of dialects. */
export const servers = {
  openai: chats(
    "openai",
    [
      idLength,
      items,
      top,
      unknown("messages.reasoning_content", "https://platform.openai.com/docs/api-reference/chat/create")
    ],
    {
      callId: "call_{n}AbCdEfGhIjKlMnOpQrSt"
    }
  ),
  azure: chats("azure", [idLength, items]),
  github: chats(
    "github",
    [
      system,
      {
        check: { is: "has", path: "service_tier" },
        status: 400,
        body: openaiError("service_tier is not supported"),
        source: "https://github.com/anomalyco/opencode/issues/30737"
      }
    ],
    {
      thoughts: "reasoning_text"
    }
  )
} as const satisfies Readonly<Record<string, Strictness>>
