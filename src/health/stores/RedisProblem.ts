/** Explains an error of Redis to an operator: what is wrong and what to do. */

/** The advice for a Redis without TLS behind a `rediss://` URL. */
export const noTls = "it does not speak TLS there: use redis:// instead of rediss://, or name its TLS port"

/** The advice for a Redis with TLS behind a `redis://` URL. */
export const onlyTls = "it speaks TLS there: use rediss:// instead of redis://"

/** The advice for something else behind the URL. */
export const notRedis = "something else than a Redis answers there: name the address of a Redis"

/** Why Redis cannot serve the bench. */
export interface RedisProblem {
  readonly why: string
  /**
   * The kind of problem.
   *
   * - `unsuitable`: this Redis can never hold a bench; waiting does not help
   * - `full`: it accepts no changes now, but it can be read and sends messages
   * - `silent`: it does not answer, or not yet
   */
  readonly kind: "unsuitable" | "full" | "silent"
}

const known: ReadonlyArray<readonly [pattern: RegExp, kind: RedisProblem["kind"], why: string]> = [
  [
    /\bOOM\b/,
    "full",
    "it is full (`maxmemory`): changes are shared once there is room; raise `maxmemory`, or give the bench a Redis of its own"
  ],
  [
    /\bMISCONF\b|\bNOREPLICAS\b/,
    "full",
    "it takes no changes because it cannot save or copy them: see its log (a full disk, a lost replica)"
  ],
  [/\bREADONLY\b/, "unsuitable", "it is a read-only replica: name the address of the master"],
  [
    /\bWRONGPASS\b|invalid username-password|without any password configured|invalid password/i,
    "unsuitable",
    "the user or the password is wrong: use redis://USER:PASSWORD@HOST:PORT, special characters as %XX"
  ],
  [/\bNOAUTH\b/, "unsuitable", "it needs a password: use redis://USER:PASSWORD@HOST:PORT"],
  [
    // Redis words it differently for a command of a script.
    /\bNOPERM\b|user executing the script can't/,
    "unsuitable",
    "the user lacks permissions that the bench needs: grant it `~{PREFIX}:* &{PREFIX}:* +@read +@write +@scripting +@pubsub +@connection +time` with PREFIX as in `bench.prefix` (default effect-failover)"
  ],
  [
    /\bWRONGTYPE\b|not an integer/,
    "unsuitable",
    "other data is stored under the same keys: choose another prefix"
  ],
  [
    /unknown command|unknown redis command|unknown subcommand/i,
    "unsuitable",
    "it lacks a command that the bench needs (is it a Sentinel, older than Redis 5, or was the command renamed?): name the address of a Redis"
  ],
  [/Unknown RESP type/i, "unsuitable", notRedis],
  [
    /\bDENIED\b/,
    "unsuitable",
    "it takes connections of its own machine only (protected mode): give it a password, or turn `protected-mode` off"
  ],
  [
    /DB index is out of range|SELECT is not allowed in cluster/i,
    "unsuitable",
    "it has no such database: remove the number from the URL"
  ],
  [
    /certificate required|bad certificate|handshake failure/i,
    "unsuitable",
    "it requires a certificate of its clients, which the gateway does not have: set `tls-auth-clients` to `no` or `optional` there"
  ],
  [/wrong version number|packet length too long|EPROTO|ssl routines/i, "unsuitable", noTls],
  [
    /self.signed certificate|unable to (verify|get local issuer)|SELF_SIGNED|UNABLE_TO_VERIFY/i,
    "unsuitable",
    "this process does not trust the authority of its certificate: name that authority's file in NODE_EXTRA_CA_CERTS"
  ],
  [
    /ERR_TLS_CERT_ALTNAME|altnames|certificate has expired|CERT_HAS_EXPIRED/i,
    "unsuitable",
    "its certificate is not for this host, or has expired"
  ],
  [/\bMOVED\b|\bCROSSSLOT\b/, "silent", "it is a node of a cluster that does not have the bench's slot now"],
  [/\bCLUSTERDOWN\b/, "silent", "its cluster is down"],
  [/\bLOADING\b/, "silent", "it is loading its data"],
  [/\bMASTERDOWN\b/, "silent", "it is a replica without its master"],
  [/max number of clients/i, "silent", "it takes no more clients: raise `maxclients` there"],
  [/\bBUSY\b/, "silent", "it is busy with a script of another client"],
  [/\bENOTFOUND\b|\bEAI_AGAIN\b/, "silent", "the name of its host is not known here"]
]

/** The text and codes of an error and its causes. */
export const textOf = (error: unknown): string => {
  const texts: Array<string> = []
  let cause = error
  for (let depth = 0; depth < 8 && typeof cause === "object" && cause !== null; depth++) {
    if ("message" in cause) texts.push(String(cause.message))
    if ("code" in cause) texts.push(String(cause.code))
    const inner: unknown = "cause" in cause ? cause.cause : undefined
    const first: unknown = "errors" in cause && Array.isArray(cause.errors) ? cause.errors[0] : undefined
    const reason: unknown = "reasons" in cause && Array.isArray(cause.reasons) ? cause.reasons[0] : undefined
    cause = inner ?? first ?? (hasError(reason) ? (reason.error ?? reason.defect) : undefined)
  }
  return texts.join("; ")
}

const hasError = (reason: unknown): reason is { readonly error?: unknown; readonly defect?: unknown } =>
  typeof reason === "object" && reason !== null

/** The explanation if Redis does not respond at all. */
export const noAnswer = "Redis does not answer"

/** Explains an error. */
export const of = (error: unknown): RedisProblem => {
  const text = textOf(error)
  for (const [pattern, kind, why] of known) {
    if (pattern.test(text)) return { kind, why }
  }
  return { kind: "silent", why: noAnswer }
}
