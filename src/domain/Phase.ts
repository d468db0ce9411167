/**
 * What one chunk of a stream means for failover: whether it carries content, and whether it completes the answer.
 *
 * The provider gives the phase of each chunk, so the engine does not depend on wire formats.
 */

/** The meaning of one chunk. */
export interface Phase {
  /** A non-empty text, reasoning or tool-input delta, a tool call, a file: anything the caller wants. */
  readonly content: boolean
  /** The answer is complete. Only metadata such as usage may follow. */
  readonly complete: boolean
  /** Nothing follows: the stream is closed without waiting for the end of the connection. */
  readonly last: boolean
  /** Only a keep-alive: a ping, or a comment of a server that queues the request. Default: false. */
  readonly alive?: boolean | undefined
}

/** A role, a block start, metadata, an empty delta: held back until content comes. */
export const held: Phase = { content: false, complete: false, last: false }

/** A keep-alive: held back as well, but it extends the wait for the first content, see `Timeouts.queue`. */
export const alive: Phase = { content: false, complete: false, last: false, alive: true }

/** Content for the caller. */
export const content: Phase = { content: true, complete: false, last: false }

/** The answer is complete (a finish reason); usage may still follow. An answer that completes without content is empty. */
export const complete: Phase = { content: false, complete: true, last: false }

/** Content and the completion in one chunk, or a finish that is an answer by itself (cut by the length limit). */
export const answer: Phase = { content: true, complete: true, last: false }

/** The last event of the protocol (`[DONE]`, `message_stop`). */
export const last: Phase = { content: false, complete: true, last: true }
