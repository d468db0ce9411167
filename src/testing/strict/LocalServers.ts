/** Servers that people run themselves. */
import { chats, roles, system } from "./Refusals.ts"
import type { Strictness } from "./Strictness.ts"

/** The servers, by the names of their rows in the table of dialects. */
export const servers = {
  vllm: chats("vllm", [system, roles], {
    thoughts: "reasoning",
    callId: "chatcmpl-tool-{n}a1b2c3d4e5f60718293a4b5c6d7e8f"
  }),
  sglang: chats("sglang", [system], { thoughts: "reasoning_content" }),
  llamacpp: chats(
    "llamacpp",
    [
      {
        ...system,
        body: {
          error: {
            code: 400,
            message: "Jinja Exception: System message must be at the beginning.",
            type: "invalid_request_error"
          }
        },
        source: "https://github.com/ggml-org/llama.cpp/issues/20733"
      }
    ],
    { thoughts: "reasoning_content", callId: "{n}aBcDeFgHiJkLmNoPqRsTuVwXyZ0123" }
  ),
  lmstudio: chats("lmstudio", [system], { callId: "{n}3456789" }),
  ollama: chats("ollama", [system], { thoughts: "reasoning", callId: "call_{n}abcdef" })
} as const satisfies Readonly<Record<string, Strictness>>
